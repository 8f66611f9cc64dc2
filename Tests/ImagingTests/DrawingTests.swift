import Imaging
import Testing

@Suite("Drawing")
struct DrawingTests {
  private let red = PictureColor(red: 255, green: 0, blue: 0)

  @Test("An outline lies inside the box's edges and is as thick as asked", arguments: [1, 2, 3])
  func outline(thickness: Int) throws {
    var picture = try Picture(width: 30, height: 20, color: .white)
    picture.draw(PictureBox(left: 4.4, top: 2.6, right: 20, bottom: 15), color: red, thickness: thickness)
    for row in 0..<20 {
      for column in 0..<30 {
        let isInBox = (4..<20).contains(column) && (3..<15).contains(row)
        let isInHole =
          (4 + thickness..<20 - thickness).contains(column) && (3 + thickness..<15 - thickness).contains(row)
        #expect(picture.color(column: column, row: row) == (isInBox && !isInHole ? red : .white))
      }
    }
  }

  @Test("Edges may come in either order, and a box reaching beyond the picture is cut off")
  func clipping() throws {
    var (one, other) = (
      try Picture(width: 30, height: 20, color: .white), try Picture(width: 30, height: 20, color: .white)
    )
    one.draw(PictureBox(left: -5, top: 10, right: 8, bottom: 500), color: red, thickness: 1)
    other.draw(PictureBox(left: 8, top: 500, right: -5, bottom: 10), color: red, thickness: 1)
    #expect(one == other)
    let drawn = (0..<600).filter { one.color(column: $0 % 30, row: $0 / 30) == red }
    #expect(drawn == (0..<600).filter { ($0 / 30 == 10 && $0 % 30 < 8) || ($0 / 30 > 10 && $0 % 30 == 7) })
  }

  static let coordinates: [Double] = [
    .nan, .infinity, -.infinity, 0, -0.5, 3, 12.7, -40, 1e9, -1e9, 1e300, -1e300, 1e-300, 1e12,
    Double(Int.max), Double(Int.min), 29.5, 30,
  ]

  @Test("Whatever the coordinates, the picture keeps its size, and what is not a number is not drawn")
  func anyCoordinates() throws {
    let blank = try Picture(width: 30, height: 20, color: .white)
    var drawnCount = 0
    for left in Self.coordinates {
      for top in Self.coordinates {
        for right in Self.coordinates {
          for bottom in [.nan, -.infinity, 7, 1e300] as [Double] {
            var picture = blank
            picture.draw(
              PictureBox(left: left, top: top, right: right, bottom: bottom), label: "x", color: red, thickness: 2)
            #expect(picture.width == 30 && picture.height == 20 && picture.pixels.count == 1800)
            let isNumber = ![left, top, right, bottom].contains { $0.isNaN }
            if !isNumber { #expect(picture == blank) }
            if picture != blank { drawnCount += 1 }
          }
        }
      }
    }
    #expect(drawnCount > 500)
  }

  @Test("A box outside the picture leaves no mark, not even its label's")
  func outside() throws {
    let blank = try Picture(width: 30, height: 20, color: .white)
    for box in [
      PictureBox(left: 40, top: 0, right: 50, bottom: 10), PictureBox(left: -9, top: 0, right: -1, bottom: 10),
      PictureBox(left: 0, top: 20, right: 9, bottom: 30), PictureBox(left: 0, top: -30, right: 9, bottom: -1),
    ] {
      var picture = blank
      picture.draw(box, label: "out", color: red)
      #expect(picture == blank)
    }
  }

  @Test("Any thickness is drawn, from a line of one pixel to the whole box", arguments: [Int.min, 0, 1, 5, 100, .max])
  func thickness(_ thickness: Int) throws {
    var picture = try Picture(width: 30, height: 20, color: .white)
    picture.draw(PictureBox(left: 2, top: 2, right: 28, bottom: 18), color: red, thickness: thickness)
    #expect(picture.color(column: 2, row: 2) == red && picture.color(column: 27, row: 17) == red)
    #expect(picture.color(column: 15, row: 10) == (thickness >= 8 ? red : .white))
    #expect(picture.color(column: 1, row: 10) == .white)
  }

  /// What a label of some text looks like above a box.
  private func label(_ text: String, width: Int = 100) throws -> Picture {
    var picture = try Picture(width: width, height: 60, color: .white)
    picture.draw(PictureBox(left: 10, top: 30, right: 90, bottom: 55), label: text, color: .black)
    return picture
  }

  @Test("Every printable character of ASCII looks different from every other")
  func letters() throws {
    let letters = (0x20...0x7e).map { String(UnicodeScalar($0)) }
    #expect(try Set(letters.map { try label($0) }).count == 95)
  }

  @Test(
    "Characters beyond ASCII and control characters look like a question mark",
    arguments: ["é", "猫", "\u{0}", "\n", "\u{7f}"])
  func otherCharacters(text: String) throws {
    #expect(try label(text) == label("?"))
  }

  @Test("A label stands above its box, in a colour that can be read on the box's")
  func labelPlace() throws {
    let picture = try label("I")
    // A ground of 7 × 9 dots that ends at the box's upper edge; the letter's stem is white on black.
    #expect(picture.color(column: 10, row: 29) == .black && picture.color(column: 10, row: 21) == .black)
    #expect(picture.color(column: 10, row: 20) == .white && picture.color(column: 17, row: 25) == .white)
    #expect(picture.color(column: 13, row: 25) == .white)
  }

  @Test("A label without room is moved into the picture, and cut off if it is longer than that")
  func labelMoved() throws {
    var picture = try Picture(width: 40, height: 30, color: .white)
    picture.draw(PictureBox(left: 35, top: 0, right: 80, bottom: 20), label: "ab", color: .black)
    // 13 dots wide, so from column 27 on; inside the box, since above it there is no room.
    #expect(picture.color(column: 27, row: 0) == .black && picture.color(column: 26, row: 0) == .white)
    let long = String(repeating: "W", count: 100_000)
    picture.draw(PictureBox(left: 5, top: 15, right: 30, bottom: 25), label: long, color: .black)
    #expect((0..<40).allSatisfy { picture.color(column: $0, row: 6) == .black })
    var tiny = try Picture(width: 1, height: 1, color: .white)
    tiny.draw(PictureBox(left: 0, top: 0, right: 1, bottom: 1), label: "W", color: .black)
    #expect(tiny.pixels.count == 3)
  }

  @Test("Neighbouring classes have colours far apart, and any index has one")
  func classColors() {
    let colors = (0..<80).map { PictureColor.ofClass($0) }
    #expect(Set(colors).count > 70)
    for (one, next) in zip(colors, colors.dropFirst()) { #expect(!one.isNear(next, tolerance: 80)) }
    for index in [Int.min, -1, .max] { #expect(PictureColor.ofClass(index) == PictureColor.ofClass(index)) }
    #expect(PictureColor.white.contrasting == .black && PictureColor.black.contrasting == .white)
  }

  @Test("Filling takes any range", arguments: [-5..<3, 28..<99, .min ..< .max, 40..<50, -9 ..< -1, 3..<3])
  func filling(columns: Range<Int>) throws {
    var picture = try Picture(width: 30, height: 4, color: .white)
    picture.fill(columns: columns, rows: .min ..< .max, color: red)
    for column in 0..<30 {
      #expect(picture.color(column: column, row: 3) == (columns.contains(column) ? red : .white))
    }
  }
}
