/// Groups of bars side by side, each with its spread.
public struct BarChart: Codable, Hashable, Sendable {
  /// The heading.
  public let title: String
  /// What the bars' height is, with its unit.
  public let axis: String
  /// The bars of a group, from left to right.
  public let series: [String]
  /// The groups, from left to right.
  public var groups: [Group] = []

  /// The bars over one label.
  public struct Group: Codable, Hashable, Sendable {
    /// What stands below the bars.
    public let label: String
    /// A height for each series; nil leaves the place empty.
    public let values: [Double?]
    /// The relative spread of each value, drawn as a line; empty for none.
    public let spreads: [Double]

    /// A group.
    public init(_ label: String, _ values: [Double?], spreads: [Double] = []) {
      self.label = label
      self.values = values
      self.spreads = spreads
    }
  }

  /// A chart without groups yet.
  public init(_ title: String, axis: String, series: [String]) {
    self.title = title
    self.axis = axis
    self.series = series
  }

  var svg: String {
    let (left, top, height) = (64.0, 52.0, 220.0)
    let bar = max(min(30, 640 / Double(max(groups.count * max(series.count, 1), 1))), 6)
    let step = bar * Double(max(series.count, 1)) + 18
    let width = max(left + step * Double(groups.count) + 24, left + Drawing.legendWidth(series), 420)
    let highest = groups.flatMap { $0.values.compactMap { $0 } }.max() ?? 1
    let scale = height / max(highest * 1.08, 1e-12)
    var parts = [
      Drawing.open(width: width, height: top + height + 64, title: title),
      Drawing.legend(series, left: left, y: 42),
      "<text x='14' y='\(top + height / 2)' transform='rotate(-90 14 \(top + height / 2))' text-anchor='middle'>"
        + "\(Drawing.escaped(axis))</text>",
    ]
    for tick in 0...4 {
      let value = highest * Double(tick) / 4
      let y = top + height - value * scale
      parts.append(
        "<line x1='\(left)' y1='\(y)' x2='\(width - 12)' y2='\(y)' stroke='#e4e4e4'/>"
          + "<text x='\(left - 6)' y='\(y + 4)' text-anchor='end' font-size='10'>\(Drawing.short(value))</text>")
    }
    for (position, group) in groups.enumerated() {
      let start = left + 10 + step * Double(position)
      for (index, value) in group.values.enumerated() {
        guard let value else { continue }
        let x = start + bar * Double(index)
        parts.append(
          "<rect x='\(x)' y='\(top + height - value * scale)' width='\(bar - 1)' height='\(value * scale)' "
            + "fill='\(Drawing.colours[index % Drawing.colours.count])'><title>\(Drawing.escaped(group.label)), "
            + "\(Drawing.escaped(series.count > index ? series[index] : "")): \(Drawing.short(value))</title></rect>")
        if group.spreads.count > index {
          let reach = min(group.spreads[index], 1) * value * scale
          let (center, y) = (x + (bar - 1) / 2, top + height - value * scale)
          parts.append("<line x1='\(center)' y1='\(y - reach)' x2='\(center)' y2='\(y + reach)' stroke='black'/>")
        }
      }
      let center = start + bar * Double(max(series.count, 1)) / 2
      // Long names lean, so that they do not run into each other.
      let leans = group.label.count > 9
      parts.append(
        "<text x='\(center)' y='\(top + height + 16)' font-size='10' text-anchor='\(leans ? "end" : "middle")'"
          + (leans ? " transform='rotate(-24 \(center) \(top + height + 16))'" : "")
          + ">\(Drawing.escaped(group.label))</text>")
    }
    return parts.joined() + "</svg>"
  }
}
