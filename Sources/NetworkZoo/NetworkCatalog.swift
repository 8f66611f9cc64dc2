public import Network

/// The networks that programs know by name.
public enum NetworkCatalog {
  /// A named network.
  public struct Entry: Sendable {
    /// The name on command lines and in profiles.
    public let name: String
    /// What the network is, in a few words.
    public let summary: String
    /// Rows and columns of the picture that it was made for.
    public let inputSize: Int
    private let build: @Sendable (_ batch: Int, _ inputSize: Int, _ seed: UInt64) throws -> Graph

    init(
      _ name: String, _ summary: String, inputSize: Int = 224,
      build: @escaping @Sendable (_ batch: Int, _ inputSize: Int, _ seed: UInt64) throws -> Graph
    ) {
      self.name = name
      self.summary = summary
      self.inputSize = inputSize
      self.build = build
    }

    /// The network's graph with weights from a seed.
    ///
    /// - Throws: ``ProblemError`` or ``GraphError`` when the input is too small or too large.
    public func graph(batch: Int = 1, inputSize: Int? = nil, seed: UInt64 = 1) throws -> Graph {
      try build(batch, inputSize ?? self.inputSize, seed)
    }
  }

  /// Every network, in the order of tables.
  public static let entries: [Entry] = ShuffleNetV2.Width.allCases.map { width in
    Entry("shufflenet_v2_\(width.rawValue)", "ShuffleNetV2 \(width.rawValue.replacing("_", with: "."))") {
      try ShuffleNetV2(width).graph(batch: $0, inputSize: $1, seed: $2)
    }
  }

  /// The network of that name; nil when there is none.
  public static func entry(named name: String) -> Entry? { entries.first { $0.name == name } }
}

extension String {
  fileprivate func replacing(_ old: Character, with new: Character) -> String {
    String(map { $0 == old ? new : $0 })
  }
}
