/// Blocks one after the other, each as wide as its share: where a time goes.
public struct Timeline: Sendable {
  /// One block.
  public struct Block: Sendable {
    /// What a pointer over it shows.
    public let title: String
    /// Its share of the whole, 0 to 1.
    public let share: Double
    /// What its colour stands for.
    public let kind: String
    /// What stands in it where it is wide enough.
    public let label: String

    /// A block.
    public init(title: String, share: Double, kind: String, label: String = "") {
      self.title = title
      self.share = share
      self.kind = kind
      self.label = label
    }
  }

  private let blocks: [Block]
  private let palette: Palette

  /// A timeline of blocks in their order.
  public init(_ blocks: [Block], palette: Palette = .families) {
    self.blocks = blocks
    self.palette = palette
  }

  /// The timeline's elements, ``height`` high, for a picture that others share.
  public func elements(left: Double, top: Double, width: Double) -> String {
    var position = left
    var parts = blocks.map { block in
      defer { position += width * block.share }
      let room = width * block.share
      let label =
        room > 6 * Double(block.label.count) + 6 && !block.label.isEmpty
        ? "<text x='\(position + room / 2)' y='\(top + 21)' font-size='10' fill='white' text-anchor='middle'>"
          + "\(Drawing.escaped(block.label))</text>" : ""
      return "<rect x='\(position)' y='\(top)' width='\(room)' height='34' "
        + "fill='\(palette.colour(of: block.kind))' stroke='white' stroke-width='0.5'>"
        + "<title>\(Drawing.escaped(block.title))</title></rect>" + label
    }
    var start = left
    for kind in palette.order(Set(blocks.map(\.kind))) {
      parts.append(
        "<rect x='\(start)' y='\(top + 48)' width='10' height='10' fill='\(palette.colour(of: kind))'/>"
          + "<text x='\(start + 15)' y='\(top + 57)' font-size='10'>\(Drawing.escaped(kind))</text>")
      start += max(6 * Double(kind.count) + 32, 80)
    }
    return parts.joined()
  }

  /// How high the elements are, legend included.
  public static let height = 64.0

  /// The timeline as a picture of its own.
  public func svg(title: String) -> String {
    Drawing.open(width: 900, height: 44 + Self.height, title: title) + elements(left: 16, top: 36, width: 868)
      + "</svg>"
  }
}

extension Drawing {
  /// The colour of a kernel family, the same in every picture.
  public static func colour(ofFamily family: String) -> String {
    switch family {
    case "direct": "#b5541c"
    case "im2col": "#5b7c99"
    case "winograd": "#7a9e7e"
    case "decomposed": "#9b8bb4"
    case "reference": "#a0a0a0"
    default: "#c2a878"
    }
  }
}
