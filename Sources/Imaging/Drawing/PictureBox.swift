/// A rectangle over a picture, in pixels from the picture's upper left corner; it may lie anywhere.
public struct PictureBox: Hashable, Sendable {
  /// The left edge, in pixels.
  public var left: Double
  /// The upper edge, in pixels.
  public var top: Double
  /// The right edge, in pixels.
  public var right: Double
  /// The lower edge, in pixels.
  public var bottom: Double

  /// A rectangle of four edges.
  public init(left: Double, top: Double, right: Double, bottom: Double) {
    self.left = left
    self.top = top
    self.right = right
    self.bottom = bottom
  }

  /// The columns and rows from edge to edge, at least one of each, edges in either order; nil if an edge is not a number.
  var pixels: (columns: Range<Int>, rows: Range<Int>)? {
    guard let columns = Self.range(left, right), let rows = Self.range(top, bottom) else { return nil }
    return (columns, rows)
  }

  private static func range(_ a: Double, _ b: Double) -> Range<Int>? {
    guard !a.isNaN, !b.isNaN else { return nil }
    // No picture has a side of 2³⁰, so beyond it nothing can be seen to move.
    let limit = Double(1 << 30)
    let start = Int(min(max(min(a, b), -limit), limit).rounded())
    let end = Int(min(max(max(a, b), -limit), limit).rounded())
    return start..<max(end, start + 1)
  }
}
