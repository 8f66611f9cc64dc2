/// Bars below each other, one a candidate, with its spread: who won and by how much.
public struct RankingChart: Sendable {
  /// One bar.
  public struct Bar: Sendable {
    /// The text beside it.
    public let label: String
    /// Its length.
    public let value: Double
    /// Its relative spread.
    public let spread: Double
    /// What its colour stands for.
    public let kind: String
    /// Whether it is the one that was chosen.
    public let isChosen: Bool

    /// A bar.
    public init(_ label: String, value: Double, spread: Double, kind: String, isChosen: Bool) {
      self.label = label
      self.value = value
      self.spread = spread
      self.kind = kind
      self.isChosen = isChosen
    }
  }

  private let bars: [Bar]
  private let unit: String
  private let palette: Palette

  /// A chart of bars in their order.
  public init(_ bars: [Bar], unit: String, palette: Palette = .families) {
    self.bars = bars
    self.unit = unit
    self.palette = palette
  }

  /// The picture.
  public var svg: String {
    let longest = max(bars.map { $0.value * (1 + min($0.spread, 1)) }.max() ?? 1, 1e-12)
    let (left, width) = (330.0, 440.0)
    let rows = bars.enumerated().map { index, bar in
      let y = Double(index) * 18 + 4
      let length = width * bar.value / longest
      let reach = length * min(bar.spread, 1)
      return
        "<text x='\(left - 8)' y='\(y + 11)' text-anchor='end' font-size='10'\(bar.isChosen ? " font-weight='bold'" : "")>"
        + "\(Drawing.escaped(bar.label))</text><rect x='\(left)' y='\(y)' width='\(length)' height='13' "
        + "fill='\(palette.colour(of: bar.kind))' fill-opacity='\(bar.isChosen ? 1 : 0.6)'/>"
        + "<line x1='\(left + length - reach)' y1='\(y + 6)' x2='\(left + length + reach)' y2='\(y + 6)' stroke='black'/>"
        + "<text x='\(left + length + reach + 6)' y='\(y + 11)' font-size='10'>\(Drawing.short(bar.value)) "
        + "\(Drawing.escaped(unit))</text>"
    }
    let height = Double(bars.count) * 18 + 8
    return
      "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 900 \(Int(height))' width='900' font-family='sans-serif'>"
      + rows.joined() + "</svg>"
  }
}
