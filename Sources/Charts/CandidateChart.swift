import RealModule

/// A bar for each layer in order, and in its column what else was tried: how long each candidate took, and the least that the
/// machine allows. The axis of time is logarithmic.
public struct CandidateChart: Sendable {
  /// One layer.
  public struct Layer: Sendable {
    /// Its name.
    public let name: String
    /// What its colour stands for.
    public let kind: String
    /// The time of what runs.
    public let time: Double
    /// The least time by the roofline; nil where it is not known.
    public let least: Double?
    /// The candidates, by name and time.
    public let candidates: [(name: String, time: Double)]

    /// A layer.
    public init(name: String, kind: String, time: Double, least: Double?, candidates: [(name: String, time: Double)]) {
      self.name = name
      self.kind = kind
      self.time = time
      self.least = least
      self.candidates = candidates
    }
  }

  private let layers: [Layer]
  private let unit: String
  private let palette: Palette

  /// A chart of layers in their order.
  public init(_ layers: [Layer], unit: String, palette: Palette) {
    self.layers = layers.filter { $0.time > 0 }
    self.unit = unit
    self.palette = palette
  }

  /// The picture.
  public func svg(title: String) -> String {
    let (left, top, width, height) = (56.0, 36.0, 1040.0, 260.0)
    let least = layers.map { min($0.time, $0.least ?? $0.time) }
    let low = max((least.filter { $0 > 0 }.min() ?? 1) * 0.7, 1e-6)
    // Hopeless candidates stand at the upper edge, so that the bars keep their room.
    let high = max((layers.map(\.time).max() ?? 10) * 5, low * 2)
    func y(_ time: Double) -> Double {
      top + height * (1 - Double.log(min(max(time, low), high) / low) / Double.log(high / low))
    }
    var parts = [Drawing.open(width: left + width + 16, height: top + height + 70, title: title)]
    var power = Double.pow(10, Double.log10(low).rounded(.down))
    while power < high {
      if power > low {
        parts.append(
          "<line x1='\(left)' y1='\(y(power))' x2='\(left + width)' y2='\(y(power))' stroke='#ddd'/>"
            + "<text x='\(left - 6)' y='\(y(power) + 4)' font-size='10' text-anchor='end'>\(Drawing.short(power)) "
            + "\(Drawing.escaped(unit))</text>")
      }
      power *= 10
    }
    let column = width / Double(max(layers.count, 1))
    for (index, layer) in layers.enumerated() {
      let x = left + Double(index) * column
      let middle = x + column / 2
      parts.append(
        "<rect x='\(x + column * 0.15)' y='\(y(layer.time))' width='\(column * 0.7)' "
          + "height='\(top + height - y(layer.time))' fill='\(palette.colour(of: layer.kind))'>"
          + "<title>\(Drawing.escaped(layer.name)): \(Drawing.escaped(layer.kind)), \(Drawing.short(layer.time)) "
          + "\(Drawing.escaped(unit))</title></rect>")
      for candidate in layer.candidates {
        parts.append(
          "<circle cx='\(middle)' cy='\(y(candidate.time))' r='2' fill='#222' fill-opacity='0.35'><title>"
            + "\(Drawing.escaped(candidate.name)): \(Drawing.short(candidate.time)) \(Drawing.escaped(unit))</title></circle>"
        )
      }
      if let least = layer.least {
        parts.append(
          "<line x1='\(x + column * 0.1)' y1='\(y(least))' x2='\(x + column * 0.9)' y2='\(y(least))' stroke='#111' "
            + "stroke-width='1.5'/>")
      }
      let foot = top + height + 8
      parts.append(
        "<text x='\(middle)' y='\(foot)' font-size='8' fill='#555' text-anchor='end' "
          + "transform='rotate(-60 \(middle) \(foot))'>\(Drawing.escaped(layer.name))</text>")
    }
    parts.append("<line x1='\(left)' y1='\(top + height)' x2='\(left + width)' y2='\(top + height)' stroke='#999'/>")
    return parts.joined() + "</svg>"
  }
}
