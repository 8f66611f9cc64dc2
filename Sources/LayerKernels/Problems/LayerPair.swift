/// Two operations of which the second alone reads what the first writes, as one problem.
///
/// Apart, the activation between the two is written once and read once; where it outgrows the second cache, that costs more than
/// some kernels' arithmetic. A kernel for the pair may keep it near, a part at a time.
public protocol LayerPair: LayerProblem {
  /// The operation that writes the activation between the two.
  associatedtype First: LayerProblem
  /// The operation that reads it.
  associatedtype Second: LayerProblem

  /// What comes first.
  var first: First { get }
  /// What comes second.
  var second: Second { get }

  /// Checks that the two fit together.
  ///
  /// - Throws: ``ProblemError/inconsistent(_:)`` when they do not.
  init(first: First, second: Second) throws(ProblemError)

  /// The constants of the pair, given those of its parts.
  static func parameters(_ first: First.Parameters, _ second: Second.Parameters) -> Parameters

  /// The constants of the parts.
  static func parts(of parameters: Parameters) -> (first: First.Parameters, second: Second.Parameters)
}

extension LayerPair {
  /// What the first part reads.
  public var inputShapes: [TensorShape] { first.inputShapes }

  /// What the second part writes.
  public var outputShape: TensorShape { second.outputShape }

  /// That of both parts.
  public var operationCount: OperationCount { first.operationCount + second.operationCount }

  /// That of both parts without the activation between them.
  public var memoryAccessCost: Int {
    first.memoryAccessCost + second.memoryAccessCost - 2 * first.outputShape.elementCount
  }

  /// That of the second part.
  public var outputQuantisation: Quantisation? { second.outputQuantisation }

  /// Those of both parts.
  public func randomParameters(from random: inout RandomSource) -> Parameters {
    Self.parameters(first.randomParameters(from: &random), second.randomParameters(from: &random))
  }
}
