import Imaging
import Testing

@Suite("Resampling")
struct ResamplingTests {
  /// A row of grey pixels.
  private func row(_ greys: [UInt8]) throws -> Picture {
    try Picture(width: greys.count, height: 1, pixels: greys.flatMap { [$0, $0, $0] })
  }

  private func greys(_ picture: Picture) -> [UInt8] {
    stride(from: 0, to: picture.pixels.count, by: 3).map { picture.pixels[$0] }
  }

  /// The worked cases: the source, the target's size, and the target's pixels by hand.
  struct Case: Sendable, CustomStringConvertible {
    let filter: ResamplingFilter
    let source: [UInt8]
    let target: [UInt8]
    var description: String { "\(filter) \(source) → \(target)" }
  }

  static let cases = [
    // Centres at −0.25, 0.25, 0.75, 1.25: the outer two lie beyond the last centres and are held.
    Case(filter: .bilinear, source: [0, 100], target: [0, 25, 75, 100]),
    Case(filter: .areaBilinear, source: [0, 100], target: [0, 25, 75, 100]),
    // Centres at 0.5 and 2.5: the mean of two neighbours.
    Case(filter: .bilinear, source: [0, 70, 140, 210], target: [35, 175]),
    // Triangles of half-width 2 around 1 and 3: weights 3:3:1 and 1:3:3.
    Case(filter: .areaBilinear, source: [0, 70, 140, 210], target: [50, 160]),
    // Centres at 1 and 4: pixels 0, 2, 3, 5 are left out.
    Case(filter: .bilinear, source: [9, 10, 200, 7, 40, 1], target: [10, 40]),
    // A triangle of half-width 4 around 2: weights 5:7:7:5, so 984 / 24.
    Case(filter: .areaBilinear, source: [0, 24, 48, 96], target: [41]),
    // Centres at −1/3, 0, 1/3 …: thirds.
    Case(filter: .bilinear, source: [30, 60], target: [30, 30, 40, 50, 60, 60]),
    Case(filter: .bilinear, source: [77], target: [77, 77, 77]),
    Case(filter: .areaBilinear, source: [77], target: [77, 77, 77]),
  ]

  @Test("Rows and columns have the values worked out by hand", arguments: cases)
  func byHand(_ example: Case) throws {
    let wide = try row(example.source).resized(width: example.target.count, height: 1, filter: example.filter)
    #expect(greys(wide) == example.target)
    let tall = try Picture(width: 1, height: example.source.count, pixels: row(example.source).pixels)
    #expect(try greys(tall.resized(width: 1, height: example.target.count, filter: example.filter)) == example.target)
  }

  @Test("Both axes together: the middle of four pixels, and each channel by itself")
  func bothAxes() throws {
    let picture = try Picture(width: 2, height: 2, pixels: [0, 8, 255, 40, 8, 255, 80, 8, 255, 200, 8, 251])
    for filter in ResamplingFilter.allCases {
      #expect(try picture.resized(width: 1, height: 1, filter: filter).pixels == [80, 8, 254])
    }
  }

  @Test("The same size gives the same picture", arguments: ResamplingFilter.allCases, [(1, 1), (13, 7), (64, 3)])
  func identity(filter: ResamplingFilter, size: (Int, Int)) throws {
    let picture = try Fixtures.noise(width: size.0, height: size.1, seed: 11)
    #expect(try picture.resized(width: size.0, height: size.1, filter: filter) == picture)
  }

  @Test(
    "One colour stays that colour at any size", arguments: ResamplingFilter.allCases,
    [(1, 1), (3, 200), (211, 2), (97, 101), (2000, 1), (1, 2000)])
  func constant(filter: ResamplingFilter, size: (Int, Int)) throws {
    let color = PictureColor(red: 255, green: 131, blue: 0)
    let picture = try Picture(width: 61, height: 83, color: color)
    let result = try picture.resized(width: size.0, height: size.1, filter: filter)
    #expect(try result == Picture(width: size.0, height: size.1, color: color))
  }

  @Test("Enlarging, both filters agree within rounding")
  func enlarging() throws {
    let picture = try Fixtures.noise(width: 17, height: 19, seed: 12)
    let pictures = try ResamplingFilter.allCases.map { try picture.resized(width: 50, height: 41, filter: $0) }
    #expect(try #require(pictures[0].largestDifference(from: pictures[1])) <= 1)
  }

  @Test("Shrinking by area keeps the mean of a checkerboard; skipping does not see half of it")
  func shrinking() throws {
    let board = try Picture(
      width: 64, height: 64,
      pixels: (0..<64 * 64).flatMap { pixel in [UInt8](repeating: (pixel / 64 + pixel) % 2 == 0 ? 255 : 0, count: 3) })
    let area = try board.resized(width: 8, height: 8, filter: .areaBilinear)
    #expect(area.pixels.allSatisfy { (125...130).contains($0) })
    // A third: centres fall on whole pixels, 1, 4, 7 …, so that white and black alternate as before.
    let linear = try board.cropped(columns: 0..<63, rows: 0..<63).resized(width: 21, height: 21, filter: .bilinear)
    #expect(Set(linear.pixels) == [0, 255])
  }

  @Test("A very long picture shrinks without trouble, whichever way it lies", arguments: ResamplingFilter.allCases)
  func extremes(filter: ResamplingFilter) throws {
    let length = 300_000
    let wide = try Picture(width: length, height: 1, color: PictureColor(red: 9, green: 200, blue: 77))
    let tall = try Picture(width: 1, height: length, color: PictureColor(red: 9, green: 200, blue: 77))
    for picture in [wide, tall] {
      let small = try picture.resized(width: 3, height: 3, filter: filter)
      #expect(try small == Picture(width: 3, height: 3, color: PictureColor(red: 9, green: 200, blue: 77)))
    }
  }
}
