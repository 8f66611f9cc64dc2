import Luthier

/// PReLU over `[N, C, H, W]`: x where it is positive, else x times its channel's slope (He et al., "Delving Deep into
/// Rectifiers", section 2.1).
///
/// An operation that Luthier does not know: this type alone makes it one that kernels can be registered for, that the tuner
/// times, and that a tuning database keeps.
public struct PReluProblem: LayerProblem {
  /// `[N, C, H, W]`
  public let outputShape: TensorShape

  /// The operation's name in keys.
  public static let operation = "prelu"

  /// Checks the shape.
  ///
  /// - Throws: `ProblemError` when it is not of rank 4.
  public init(shape: TensorShape) throws(ProblemError) {
    try checkSize("prelu rank", shape.rank, in: 4...4)
    outputShape = shape
  }

  /// Reads the problem back from its key.
  public init(key: ProblemKey) throws(ProblemError) { try self.init(shape: key.shape("shape")) }

  /// `prelu shape=1x64x28x28`
  public var key: ProblemKey { ProblemKey(operation: Self.operation, ["shape": "\(outputShape)"]) }

  /// C.
  public var channels: Int { outputShape[1] }
  /// The activation, of the output's shape.
  public var inputShapes: [TensorShape] { [outputShape] }
  /// A product for each element.
  public var operationCount: OperationCount { OperationCount(operations: outputShape.elementCount) }
  /// Every element read once and written once, and the slopes.
  public var memoryAccessCost: Int { activationElementCount + channels }

  /// A slope for each channel.
  public func randomParameters(from random: inout RandomSource) -> PReluParameters {
    PReluParameters(unchecked: (0..<channels).map { _ in random.nextFloat(magnitude: 0.5) })
  }

  /// What `tune kernels` asks kernels about.
  public static func representatives() throws(ProblemError) -> [RepresentativeProblem] {
    [RepresentativeProblem("planes", try PReluProblem(shape: checkedShape([1, 64, 28, 28])))]
  }
}

/// The constants of a PReLU.
public struct PReluParameters: Sendable {
  /// One number a channel.
  public let slopes: [Float]

  /// Checks the slopes against their problem.
  ///
  /// - Throws: `ProblemError` when there is not one for each channel.
  public init(slopes: [Float], for problem: PReluProblem) throws(ProblemError) {
    guard slopes.count == problem.channels else {
      throw .inconsistent("PReLU needs a slope for each of \(problem.channels) channels, not \(slopes.count)")
    }
    self.init(unchecked: slopes)
  }

  init(unchecked slopes: [Float]) { self.slopes = slopes }
}
