public import Network

extension NetworkCatalog {
  /// A named network.
  public struct Entry: Sendable {
    /// The name on command lines and in profiles.
    public let name: String
    /// What the network is, in a few words.
    public let summary: String
    /// Rows of the image that it was made for.
    public let inputHeight: Int
    /// Columns of the image that it was made for.
    public let inputWidth: Int
    private let ending: NetworkBuilder.Ending
    private let build: Build

    typealias Build = @Sendable (inout NetworkBuilder, _ batch: Int, _ height: Int, _ width: Int) throws -> Graph

    /// A classifier of square images.
    init(_ name: String, _ summary: String, inputSize: Int = 224, build: @escaping Build) {
      self.init(
        name, summary, inputHeight: inputSize, inputWidth: inputSize, ending: .scores, build: build)
    }

    private init(
      _ name: String, _ summary: String, inputHeight: Int, inputWidth: Int, ending: NetworkBuilder.Ending,
      build: @escaping Build
    ) {
      self.name = name
      self.summary = summary
      self.inputHeight = inputHeight
      self.inputWidth = inputWidth
      self.ending = ending
      self.build = build
    }

    /// What a backbone's name has after the classifier's.
    public static let backboneSuffix = "_backbone"

    /// The network as a detector's backbone: images of 800×1333, the size to which detectors scale COCO's (the ShuffleNetV2 paper's
    /// table 7 has 800×1200), and the stages as outputs, `stride8`, `stride16` and so on, instead of scores.
    public var backbone: Entry {
      Entry(
        name + Self.backboneSuffix, "\(summary), stages for a detector", inputHeight: 800, inputWidth: 1333,
        ending: .stages, build: build)
    }

    /// The network's graph for images `[batch, 3, height, width]`, with weights from a seed.
    ///
    /// - Throws: ``ProblemError`` or ``GraphError`` when the input is too small or too large.
    public func graph(batch: Int = 1, height: Int? = nil, width: Int? = nil, seed: UInt64 = 1) throws -> Graph {
      var builder = NetworkBuilder(name: name, seed: seed, ending: ending)
      return try build(&builder, batch, height ?? inputHeight, width ?? inputWidth)
    }

    /// What the papers' tables count of one image of the size that the network was made for: weights, biases and batch
    /// normalisations' scales and shifts as parameters; multiply-accumulates of convolutions and dense layers, which the tables
    /// call FLOPs and ``OperationCount`` counts as two FLOPs each.
    ///
    /// - Throws: as ``graph(batch:height:width:seed:)``.
    public func counts() throws -> (parameters: Int, multiplyAccumulates: Int) {
      var builder = NetworkBuilder(name: name, seed: 1, ending: ending)
      _ = try build(&builder, 1, inputHeight, inputWidth)
      return (builder.parameterCount, builder.multiplyAccumulates)
    }

    /// Weights, biases and batch normalisations' scales and shifts: what the papers' tables count.
    ///
    /// - Throws: as ``graph(batch:height:width:seed:)``.
    public func parameterCount() throws -> Int { try counts().parameters }
  }
}
