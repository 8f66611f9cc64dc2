import LayerKernels
import MicroKernels

/// The dense layer in narrow numbers: rows are converted when they are read, the epilogue is in floats.
///
/// In whole numbers each row has a scale and a zero of its own, each output's weights a scale. Configuration: that of
/// ``NarrowPointwise``, with rows for pixels.
public struct NarrowDense: LayerKernel {
  /// `int8.dense` or `bf16.dense`
  public let identifier: KernelIdentifier
  /// The first.
  public let version = 1
  private let set: MicroKernelSet
  private let blocking: NarrowBlocking

  /// The kernel with products of a table of an instruction set.
  public init(_ table: DotTable, _ set: MicroKernelSet) {
    identifier = KernelIdentifier("\(table.format.name).dense")
    self.set = set
    blocking = NarrowBlocking(identifier: identifier, table: table)
  }

  /// Constant weights, sums that fit.
  public func applicability(to problem: MatrixMultiplyProblem) -> Applicability {
    guard problem.hasConstantWeights else { return .refused("needs constant weights") }
    return blocking.refusal(depth: problem.depth).map { .refused($0) } ?? .applies
  }

  /// What the instructions give, less the conversion.
  public func expectedEfficiency(for problem: MatrixMultiplyProblem) -> Double {
    blocking.expectedEfficiency(
      channels: problem.columns, depth: problem.depth, pixels: problem.batch * problem.rows)
  }

  /// The tiles that should be quickest.
  public func configurations(for problem: MatrixMultiplyProblem) -> [KernelConfiguration] {
    blocking.configurations(channels: problem.columns, pixels: problem.batch * problem.rows)
  }

  /// More of them.
  public func furtherConfigurations(for problem: MatrixMultiplyProblem) -> [KernelConfiguration] {
    blocking.furtherConfigurations(channels: problem.columns, pixels: problem.batch * problem.rows)
  }

  /// Exact where the problem says that operands are whole multiples of steps; else measured: it depends on the weights and the inputs.
  public func errorClass(for problem: MatrixMultiplyProblem, configuration: KernelConfiguration) -> ErrorClass {
    blocking.errorClass(for: problem.integers, depth: problem.depth)
  }

  /// Rounds the weights and packs them in panels.
  ///
  /// - Throws: ``KernelError`` where the type has no number for a weight, or when there is no such tile.
  public func prepare(
    _ problem: MatrixMultiplyProblem, configuration: KernelConfiguration, parameters: MatrixMultiplyParameters
  ) throws -> any PreparedKernel {
    if case .refused(let reason) = applicability(to: problem) {
      throw KernelError.notApplicable(kernel: identifier, problem: problem.key, reason: reason)
    }
    guard let weights = parameters.weights else { throw KernelError.parameterType(problem: problem.key) }
    let pixels = problem.batch * problem.rows
    let (product, block) = try blocking.product(
      configuration, problem: problem.key, filter: weights, bias: parameters.bias, pixels: pixels,
      terms: DotProduct.Terms(runOffsets: [0], runLength: blocking.table.format.wordCount(problem.depth)),
      operands: problem.integers)
    return PreparedNarrowRows(
      product, blocking.quantisation(for: problem.integers, depth: problem.depth), depth: problem.depth, pixels: pixels,
      block: block, .floats, problem.epilogue, set)
  }
}
