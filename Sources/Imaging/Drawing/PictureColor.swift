/// An 8-bit sRGB colour.
public struct PictureColor: Hashable, Sendable {
  /// Red, 0...255.
  public let red: UInt8
  /// Green, 0...255.
  public let green: UInt8
  /// Blue, 0...255.
  public let blue: UInt8

  /// A colour of three parts.
  public init(red: UInt8, green: UInt8, blue: UInt8) {
    self.red = red
    self.green = green
    self.blue = blue
  }

  /// Black.
  public static let black = PictureColor(red: 0, green: 0, blue: 0)
  /// White.
  public static let white = PictureColor(red: 255, green: 255, blue: 255)

  /// A strong colour for a class, far from those of neighbouring classes. Any index will do.
  ///
  /// Hues follow each other at the golden angle, the most even way to place any number of points on a circle.
  public static func ofClass(_ index: Int) -> PictureColor {
    // The turns repeat after a while; a remainder keeps the arithmetic exact for any index.
    let turn = (Double(index % 4096) * 0.618_033_988_749_895).truncatingRemainder(dividingBy: 1)
    let sector = (turn < 0 ? turn + 1 : turn) * 6
    func part(_ offset: Double) -> UInt8 {
      let distance = abs((sector + offset).truncatingRemainder(dividingBy: 6) - 3)
      return UInt8((40 + 215 * min(max(distance - 1, 0), 1)).rounded())
    }
    return PictureColor(red: part(0), green: part(4), blue: part(2))
  }

  /// Black or white, whichever can be read on this colour (luma of ITU-R BT.601).
  public var contrasting: PictureColor {
    299 * Int(red) + 587 * Int(green) + 114 * Int(blue) > 127_500 ? .black : .white
  }
}
