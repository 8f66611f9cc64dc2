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
    private let build: @Sendable (inout NetworkBuilder, _ batch: Int, _ height: Int, _ width: Int) throws -> Graph

    init(
      _ name: String, _ summary: String, inputSize: Int = 224,
      build: @escaping @Sendable (inout NetworkBuilder, _ batch: Int, _ height: Int, _ width: Int) throws -> Graph
    ) {
      self.name = name
      self.summary = summary
      self.inputSize = inputSize
      self.build = build
    }

    /// The network's graph for pictures `[batch, 3, height, width]`, with weights from a seed.
    ///
    /// - Throws: ``ProblemError`` or ``GraphError`` when the input is too small or too large.
    public func graph(batch: Int = 1, height: Int? = nil, width: Int? = nil, seed: UInt64 = 1) throws -> Graph {
      var builder = NetworkBuilder(name: name, seed: seed)
      return try build(&builder, batch, height ?? inputSize, width ?? inputSize)
    }

    /// Weights, biases and batch normalisations' scales and shifts: what the papers' tables count.
    ///
    /// - Throws: as ``graph(batch:height:width:seed:)``.
    public func parameterCount() throws -> Int {
      var builder = NetworkBuilder(name: name, seed: 1)
      _ = try build(&builder, 1, inputSize, inputSize)
      return builder.parameterCount
    }
  }

  /// Every network, in the order of tables.
  public static let entries: [Entry] = shuffleNetV2 + mobileNets + others

  /// The network of that name; nil when there is none.
  public static func entry(named name: String) -> Entry? { entries.first { $0.name == name } }

  private static let shuffleNetV2 = ShuffleNetV2.Width.allCases.map { width in
    Entry("shufflenet_v2_\(width.rawValue)", "ShuffleNetV2 \(width.factor)x") {
      try ShuffleNetV2(width).build(in: &$0, batch: $1, height: $2, width: $3)
    }
  }

  private static let mobileNets =
    [("x0_25", 0.25), ("x0_5", 0.5), ("x0_75", 0.75), ("x1_0", 1)].map { name, width in
      Entry("mobilenet_v1_\(name)", "MobileNetV1 \(width)x") {
        try MobileNetV1(width: width).build(in: &$0, batch: $1, height: $2, width: $3)
      }
    }
    + [("x0_35", 0.35), ("x0_5", 0.5), ("x0_75", 0.75), ("x1_0", 1), ("x1_4", 1.4)].map { name, width in
      Entry("mobilenet_v2_\(name)", "MobileNetV2 \(width)x") {
        try MobileNetV2(width: width).build(in: &$0, batch: $1, height: $2, width: $3)
      }
    }

  private static let others =
    ResNet.Depth.allCases.map { depth in
      Entry("resnet_\(depth.rawValue)", "ResNet-\(depth.rawValue)") {
        try ResNet(depth).build(in: &$0, batch: $1, height: $2, width: $3)
      }
    } + [
      Entry("squeezenet_1_1", "SqueezeNet 1.1") {
        try SqueezeNet().build(in: &$0, batch: $1, height: $2, width: $3)
      }
    ]
}
