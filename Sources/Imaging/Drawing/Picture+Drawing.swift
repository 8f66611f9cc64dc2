extension Picture {
  /// Draws a box's outline, inwards from its edges, with a label above it or, where there is no room, at its upper edge.
  ///
  /// What lies outside the picture is cut off. A box that has an edge that is not a number, or that lies outside the picture
  /// as a whole, is not drawn.
  ///
  /// - Parameters:
  ///   - label: what the label says; printable ASCII, anything else appears as `?`. No label if nil or empty.
  ///   - color: the colour of the outline and the label's ground.
  ///   - thickness: the outline's, in pixels; suits the picture's size if nil.
  public mutating func draw(_ box: PictureBox, label: String? = nil, color: PictureColor, thickness: Int? = nil) {
    guard let (columns, rows) = box.pixels, columns.overlaps(0..<width), rows.overlaps(0..<height) else { return }
    let thickness = min(max(thickness ?? drawingScale + 1, 1), max(width, height))
    let innerTop = min(rows.lowerBound + thickness, rows.upperBound)
    let innerBottom = max(rows.upperBound - thickness, rows.lowerBound)
    let innerLeft = min(columns.lowerBound + thickness, columns.upperBound)
    let innerRight = max(columns.upperBound - thickness, columns.lowerBound)
    fill(columns: columns, rows: rows.lowerBound..<innerTop, color: color)
    fill(columns: columns, rows: innerBottom..<rows.upperBound, color: color)
    fill(columns: columns.lowerBound..<innerLeft, rows: rows, color: color)
    fill(columns: innerRight..<columns.upperBound, rows: rows, color: color)
    guard let label, !label.isEmpty else { return }
    drawLabel(label, column: columns.lowerBound, aboveRow: rows.lowerBound, color: color)
  }

  /// Fills columns and rows, as far as they lie inside the picture.
  public mutating func fill(columns: Range<Int>, rows: Range<Int>, color: PictureColor) {
    let columns = columns.clamped(to: 0..<width)
    for row in rows.clamped(to: 0..<height) {
      var offset = (row * width + columns.lowerBound) * Self.channelCount
      for _ in columns {
        pixels[offset] = color.red
        pixels[offset + 1] = color.green
        pixels[offset + 2] = color.blue
        offset += Self.channelCount
      }
    }
  }

  /// How many pixels of the picture make one dot of a letter: letters are about a thirtieth of the shorter side high.
  private var drawingScale: Int { max((min(width, height) + 100) / 200, 1) }

  /// Draws text on a ground of a colour, moved as little as needed to lie inside the picture.
  private mutating func drawLabel(_ text: String, column: Int, aboveRow row: Int, color: PictureColor) {
    let scale = drawingScale
    // A dot's margin around the text; each letter's cell has one more at its right.
    let cell = (Glyph.width + 1) * scale
    let labelHeight = (Glyph.height + 2) * scale
    let letters = text.unicodeScalars.prefix(width / cell + 1)
    let labelWidth = letters.count * cell + scale
    let left = max(min(column, width - labelWidth), 0)
    let top = row >= labelHeight ? row - labelHeight : max(min(row, height - labelHeight), 0)
    fill(columns: left..<left + labelWidth, rows: top..<top + labelHeight, color: color)
    for (place, letter) in letters.enumerated() {
      draw(Glyph(letter), column: left + scale + place * cell, row: top + scale, color: color.contrasting)
    }
  }

  private mutating func draw(_ glyph: Glyph, column: Int, row: Int, color: PictureColor) {
    let scale = drawingScale
    for y in 0..<Glyph.height {
      for x in 0..<Glyph.width where glyph.hasDot(column: x, row: y) {
        let (left, top) = (column + x * scale, row + y * scale)
        fill(columns: left..<left + scale, rows: top..<top + scale, color: color)
      }
    }
  }
}
