/// One operation with all its sizes: what a kernel solves and what a tuning database's key says.
///
/// Two layers with equal problems have the same best kernel, so a problem holds everything that a kernel's time depends
/// on and nothing else: no weights, no names. A problem that exists has passed its checks.
public protocol LayerProblem: Hashable, Sendable {
  /// The constants that come with the problem: filters and biases. `NoParameters` where there are none.
  associatedtype Parameters: Sendable

  /// The operation's name, the first word of every key: `convolution`, `pooling`, …
  static var operation: String { get }

  /// The canonical text of the problem; equal problems have equal keys and the other way round.
  var key: ProblemKey { get }

  /// Reads a problem back from its key.
  ///
  /// - Throws: ``ProblemError`` when a field is missing, not a number, or out of its range.
  init(key: ProblemKey) throws(ProblemError)

  /// The shape of each activation that the kernel reads, in the order in which operands are bound.
  var inputShapes: [TensorShape] { get }

  /// The shape of the activation that the kernel writes.
  var outputShape: TensorShape { get }

  /// The arithmetic that the problem's definition asks for.
  var operationCount: OperationCount { get }

  /// The memory access cost (MAC) of the ShuffleNetV2 paper, section 2: elements read and written if every operand and
  /// weight crosses memory once.
  var memoryAccessCost: Int { get }

  /// The multiples of a step that the output is rounded to, as in networks of 8-bit numbers; nil where it is not.
  var outputQuantisation: Quantisation? { get }

  /// The multiples of a step that an input is, where the problem says so; nil where it may be any number.
  func quantisation(ofInput index: Int) -> Quantisation?

  /// Constants of the right shapes with random non-zero values: for the tuner and for tests.
  func randomParameters(from random: inout RandomSource) -> Parameters

  /// Problems of the kinds that networks are made of: for saying in a table what a kernel is for.
  ///
  /// - Throws: ``ProblemError`` never, where the sizes given are right.
  static func representatives() throws(ProblemError) -> [RepresentativeProblem]
}

extension LayerProblem {
  /// Elements of the inputs and the output together.
  public var activationElementCount: Int {
    inputShapes.reduce(outputShape.elementCount) { $0 + $1.elementCount }
  }

  /// Weights and biases: what the memory access cost counts beside the activations.
  public var parameterCount: Int { max(memoryAccessCost - activationElementCount, 0) }

  /// None.
  public var outputQuantisation: Quantisation? { nil }

  /// None.
  public func quantisation(ofInput index: Int) -> Quantisation? { nil }

  /// The distance between neighbouring values that the output is rounded to; 0 where it is not.
  ///
  /// Two kernels whose sums differ in their last bits may lie a whole step apart where a tie lies between them.
  public var outputStep: Float { outputQuantisation?.step ?? 0 }

  /// Inputs with random values, such as the problem says that they are: for the tuner and for tests.
  public func randomInputs(from random: inout RandomSource) -> [Tensor] {
    fitted(inputShapes.map { random.tensor(shape: $0) })
  }

  /// Inputs with their values moved to what the problem says that they are.
  package func fitted(_ inputs: [Tensor]) -> [Tensor] {
    inputs.enumerated().map { index, input in quantisation(ofInput: index)?.rounded(input) ?? input }
  }

  /// None.
  public static func representatives() throws(ProblemError) -> [RepresentativeProblem] { [] }

  /// The problem's key as text.
  public var description: String { key.description }
}

/// The parameters of a problem that has none.
public struct NoParameters: Hashable, Sendable {
  /// The only value.
  public init() {}
}

extension LayerProblem where Parameters == NoParameters {
  /// Nothing to draw.
  public func randomParameters(from random: inout RandomSource) -> NoParameters { NoParameters() }
}

/// How much arithmetic a problem is, by the formulas that the ShuffleNetV2 paper counts with: a multiply-accumulate is two
/// operations.
public struct OperationCount: Hashable, Sendable {
  /// Multiply-accumulates.
  public var multiplyAccumulates: Int

  /// Operations without a bias: the first product of each output needs no addition, so `2·MACs − outputs`.
  public var flopsWithoutBias: Int

  /// Operations with a bias: `2·MACs`, since the bias gives each output's first product its addition.
  public var flopsWithBias: Int

  /// A count of multiply-accumulates that end in `outputs` sums.
  public init(multiplyAccumulates: Int, outputs: Int) {
    self.multiplyAccumulates = multiplyAccumulates
    flopsWithBias = 2 * multiplyAccumulates
    flopsWithoutBias = max(2 * multiplyAccumulates - outputs, 0)
  }

  /// A count of plain operations, of which none is a multiply-accumulate.
  public init(operations: Int) {
    multiplyAccumulates = 0
    flopsWithoutBias = operations
    flopsWithBias = operations
  }

  /// No arithmetic.
  public static let none = OperationCount(operations: 0)

  /// The sum of two counts.
  public static func + (left: OperationCount, right: OperationCount) -> OperationCount {
    var sum = left
    sum.multiplyAccumulates += right.multiplyAccumulates
    sum.flopsWithoutBias += right.flopsWithoutBias
    sum.flopsWithBias += right.flopsWithBias
    return sum
  }
}
