import Imaging
import Testing

@Suite("Pictures")
struct PictureTests {
  @Test(
    "A picture needs two positive sides whose product is in bounds",
    arguments: [(0, 4), (4, 0), (-1, 4), (4, .min), (.max, 2), (1 << 20, 1 << 20), (1 << 32, 1 << 32)])
  func invalidSizes(width: Int, height: Int) throws {
    let error = ImagingError.invalidSize(width: width, height: height, limit: PictureLimits.maximumPixelCount)
    #expect(throws: error) { try Picture(width: width, height: height, color: .white) }
    #expect(throws: error) { try Picture(width: width, height: height, pixels: []) }
    let picture = try Picture(width: 2, height: 2, color: .white)
    #expect(throws: error) { try picture.resized(width: width, height: height) }
    #expect(throws: error) { try Preprocessing(width: width, height: height) }
  }

  @Test("A picture needs three bytes a pixel", arguments: [0, 23, 25, 32])
  func byteCounts(count: Int) {
    #expect(throws: ImagingError.byteCount(width: 4, height: 2, found: count)) {
      try Picture(width: 4, height: 2, pixels: [UInt8](repeating: 0, count: count))
    }
  }

  @Test("A pixel is found by its column and row, and outside there is none")
  func colors() throws {
    let picture = try Picture(width: 2, height: 2, pixels: Array(1...12))
    #expect(picture.color(column: 0, row: 0) == PictureColor(red: 1, green: 2, blue: 3))
    #expect(picture.color(column: 1, row: 0) == PictureColor(red: 4, green: 5, blue: 6))
    #expect(picture.color(column: 0, row: 1) == PictureColor(red: 7, green: 8, blue: 9))
    for (column, row) in [(-1, 0), (2, 0), (0, -1), (0, 2), (Int.max, Int.max), (Int.min, 0)] {
      #expect(picture.color(column: column, row: row) == nil)
    }
  }

  @Test("A crop has the pixels of its columns and rows")
  func crop() throws {
    let picture = try Fixtures.noise(width: 9, height: 7, seed: 1)
    let part = try picture.cropped(columns: 2..<6, rows: 1..<7)
    #expect(part.width == 4 && part.height == 6)
    for row in 0..<6 {
      for column in 0..<4 {
        #expect(part.color(column: column, row: row) == picture.color(column: column + 2, row: row + 1))
      }
    }
    #expect(try picture.cropped(columns: 0..<9, rows: 0..<7) == picture)
  }

  @Test(
    "A crop that is empty or reaches beyond the picture is refused",
    arguments: [
      (0..<10, 0..<7), (0..<9, 0..<8), (-1..<3, 0..<7), (3..<3, 0..<7), (0..<9, -2..<0), (.min ..< .max, 0..<7),
    ])
  func wrongCrop(columns: Range<Int>, rows: Range<Int>) throws {
    let picture = try Fixtures.noise(width: 9, height: 7, seed: 1)
    let error = #expect(throws: ImagingError.self) { try picture.cropped(columns: columns, rows: rows) }
    #expect(error?.description.contains("9 × 7") == true)
  }

  @Test(
    "The middle is cut out, with offsets rounded half to even",
    arguments: [(8, 4, 2), (9, 4, 2), (11, 4, 4), (7, 4, 2), (5, 5, 0), (6, 5, 0), (8, 5, 2)])
  func centerCrop(width: Int, cropWidth: Int, start: Int) throws {
    let picture = try Fixtures.noise(width: width, height: 3, seed: 2)
    let middle = try picture.centerCropped(width: cropWidth, height: 3)
    #expect(try middle == picture.cropped(columns: start..<start + cropWidth, rows: 0..<3))
  }

  @Test(
    "A middle larger than the picture, or of no pixels, is refused", arguments: [(10, 2), (2, 10), (0, 2), (2, -1)])
  func wrongMiddle(width: Int, height: Int) throws {
    let picture = try Fixtures.noise(width: 9, height: 9, seed: 1)
    #expect(
      throws: ImagingError.outside(part: "a middle of \(width) × \(height) pixels", width: 9, height: 9)
    ) { try picture.centerCropped(width: width, height: height) }
  }
}
