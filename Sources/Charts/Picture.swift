/// A picture's data; ``svg`` draws it.
public enum Picture: Codable, Hashable, Sendable {
  /// Groups of bars side by side.
  case bars(BarChart)
  /// Points over two logarithmic axes.
  case scatter(ScatterChart)

  /// The picture as an SVG element that needs nothing else.
  public var svg: String {
    switch self {
    case .bars(let chart): chart.svg
    case .scatter(let chart): chart.svg
    }
  }
}
