import RealModule

/// Named points over two logarithmic axes.
public struct ScatterChart: Codable, Hashable, Sendable {
  /// The heading.
  public let title: String
  /// What the horizontal axis shows, with its unit.
  public let horizontal: String
  /// What the vertical axis shows, with its unit.
  public let vertical: String
  /// The points' kinds, in the order of their colours.
  public let kinds: [String]
  /// The points.
  public var points: [Point] = []

  /// One point; both numbers are above 0.
  public struct Point: Codable, Hashable, Sendable {
    /// Its name.
    public let name: String
    /// Which of the chart's kinds.
    public let kind: Int
    /// Horizontally.
    public let x: Double
    /// Vertically.
    public let y: Double

    /// A point.
    public init(_ name: String, kind: Int, x: Double, y: Double) {
      self.name = name
      self.kind = kind
      self.x = x
      self.y = y
    }
  }

  /// A chart without points yet.
  public init(_ title: String, horizontal: String, vertical: String, kinds: [String]) {
    self.title = title
    self.horizontal = horizontal
    self.vertical = vertical
    self.kinds = kinds
  }

  /// The picture in the usual colours.
  var svg: String { svg(palette: Palette(kinds: kinds)) }

  /// The picture.
  ///
  /// - Parameters:
  ///   - palette: the colours of the kinds.
  ///   - hasLabels: whether points carry their names.
  public func svg(palette: Palette, hasLabels: Bool = true) -> String {
    let (left, top, width, height) = (70.0, 56.0, 700.0, 380.0)
    let drawn = points.filter { $0.x > 0 && $0.y > 0 && $0.x.isFinite && $0.y.isFinite }
    let (x, xTicks) = Self.axis(drawn.map(\.x), from: left, to: left + width)
    let (y, yTicks) = Self.axis(drawn.map(\.y), from: top + height, to: top)
    var parts = [
      Drawing.open(
        width: left + max(width + 120, Drawing.legendWidth(kinds)), height: top + height + 54, title: title),
      Drawing.legend(kinds, left: left, y: 44, palette: palette),
      "<rect x='\(left)' y='\(top)' width='\(width)' height='\(height)' fill='none' stroke='#999'/>",
      "<text x='\(left + width / 2)' y='\(top + height + 40)' text-anchor='middle'>\(Drawing.escaped(horizontal))</text>",
      "<text x='16' y='\(top + height / 2)' transform='rotate(-90 16 \(top + height / 2))' text-anchor='middle'>"
        + "\(Drawing.escaped(vertical))</text>",
    ]
    for tick in xTicks {
      parts.append(
        "<line x1='\(x(tick))' y1='\(top)' x2='\(x(tick))' y2='\(top + height)' stroke='#eee'/>"
          + "<text x='\(x(tick))' y='\(top + height + 16)' font-size='10' text-anchor='middle'>\(Drawing.short(tick))</text>"
      )
    }
    for tick in yTicks {
      parts.append(
        "<line x1='\(left)' y1='\(y(tick))' x2='\(left + width)' y2='\(y(tick))' stroke='#eee'/>"
          + "<text x='\(left - 6)' y='\(y(tick) + 4)' font-size='10' text-anchor='end'>\(Drawing.short(tick))</text>")
    }
    for point in drawn {
      parts.append(
        "<circle cx='\(x(point.x))' cy='\(y(point.y))' r='5' fill-opacity='0.7' "
          + "fill='\(kinds.indices.contains(point.kind) ? palette.colour(of: kinds[point.kind]) : "#9a9a9a")'><title>\(Drawing.escaped(point.name)): "
          + "\(Drawing.short(point.x)), \(Drawing.short(point.y))</title></circle>"
          + (hasLabels
            ? "<text x='\(x(point.x) + 7)' y='\(y(point.y) + 3)' font-size='9' fill='#555'>\(Drawing.escaped(point.name))</text>"
            : "")
      )
    }
    return parts.joined() + "</svg>"
  }

  /// A logarithmic axis around the values, and ticks at 1, 2 and 5 times powers of ten.
  private static func axis(_ values: [Double], from: Double, to: Double) -> ((Double) -> Double, ticks: [Double]) {
    let low = (values.min() ?? 1) * 0.8
    let high = max((values.max() ?? 10) * 1.25, low * 1.5)
    let range = Double.log(high / low)
    var ticks: [Double] = []
    var power = Double.pow(10, Double.log10(low).rounded(.down))
    while power <= high, ticks.count < 64 {
      ticks += [1, 2, 5].map { $0 * power }.filter { (low...high).contains($0) }
      power *= 10
    }
    return ({ from + (to - from) * Double.log($0 / low) / range }, ticks)
  }
}
