/// Blocks one behind the other, each as wide as its share: where a time goes.
public struct Timeline: Sendable {
  /// One block.
  public struct Block: Sendable {
    /// What a pointer over it shows.
    public let title: String
    /// Its share of the whole, 0 to 1.
    public let share: Double
    /// What its colour stands for.
    public let kind: String

    /// A block.
    public init(title: String, share: Double, kind: String) {
      self.title = title
      self.share = share
      self.kind = kind
    }
  }

  private let blocks: [Block]

  /// A timeline of blocks in their order.
  public init(_ blocks: [Block]) { self.blocks = blocks }

  /// The timeline's elements, ``height`` high, for a picture that others share.
  public func elements(left: Double, top: Double, width: Double) -> String {
    var position = left
    var parts = blocks.map { block in
      defer { position += width * block.share }
      return "<rect x='\(position)' y='\(top)' width='\(width * block.share)' height='34' "
        + "fill='\(Drawing.colour(ofFamily: block.kind))' stroke='white' stroke-width='0.5'>"
        + "<title>\(Drawing.escaped(block.title))</title></rect>"
    }
    for (index, kind) in Set(blocks.map(\.kind)).sorted().enumerated() {
      let start = left + Double(index) * 110
      parts.append(
        "<rect x='\(start)' y='\(top + 48)' width='10' height='10' fill='\(Drawing.colour(ofFamily: kind))'/>"
          + "<text x='\(start + 15)' y='\(top + 57)' font-size='10'>\(Drawing.escaped(kind))</text>")
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
