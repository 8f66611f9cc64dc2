import LayerKernels

/// A dense layer as two: K inputs → r → N outputs, by singular value decomposition (Denton et al. 2014).
///
/// Approximate unless the rank is full. Configuration: `rank`.
public struct DecomposedDense: LayerKernel {
  /// `decomposed.dense`
  public let identifier: KernelIdentifier = "decomposed.dense"
  /// The first revision, with its parts' versions.
  public let version: Int
  private let registry: KernelRegistry

  /// A kernel whose parts are solved by kernels of the registry.
  public init(parts registry: KernelRegistry) {
    self.registry = registry
    version = registry.version(revision: 1, ofPartsFor: MatrixMultiplyProblem.self)
  }

  /// Constant weights whose smallest rank saves arithmetic.
  public func applicability(to problem: MatrixMultiplyProblem) -> Applicability {
    guard problem.hasConstantWeights else { return .refused("needs constant weights") }
    let full = min(problem.depth, problem.columns)
    guard full >= 4 else { return .refused("a rank of \(full) leaves nothing to cut") }
    guard max(full / 8, 1) * (problem.depth + problem.columns) < problem.depth * problem.columns else {
      return .refused("even a rank of \(max(full / 8, 1)) saves no arithmetic")
    }
    return .applies
  }

  /// Less than the whole.
  public func expectedEfficiency(for problem: MatrixMultiplyProblem) -> Double { 0.01 }

  /// The full rank, then fractions of it.
  public func configurations(for problem: MatrixMultiplyProblem) -> [KernelConfiguration] {
    candidateRanks(full: min(problem.depth, problem.columns))
  }

  /// Exact at full rank, else measured.
  public func errorClass(for problem: MatrixMultiplyProblem, configuration: KernelConfiguration) -> ErrorClass {
    configuration["rank"] == min(problem.depth, problem.columns)
      ? .exact(tolerance: 5e-5) : .approximate(relativeError: nil)
  }

  /// Factors the weights and prepares both parts.
  ///
  /// - Throws: ``KernelError`` when the rank cannot be, or the weights hold numbers that are none.
  public func prepare(
    _ problem: MatrixMultiplyProblem, configuration: KernelConfiguration, parameters: MatrixMultiplyParameters
  ) throws -> any PreparedKernel {
    if case .refused(let reason) = applicability(to: problem) {
      throw KernelError.notApplicable(kernel: identifier, problem: problem.key, reason: reason)
    }
    let rank = try configuration.value("rank", in: 1...min(problem.depth, problem.columns), of: identifier)
    let weights = parameters.weights?.elements.map(Double.init) ?? []
    guard let factors = LowRankFactors(weights, rows: problem.columns, columns: problem.depth, rank: rank) else {
      throw KernelError.invalidConfiguration(
        kernel: identifier, configuration: configuration, reason: LowRankFactors.failure)
    }
    let first = try MatrixMultiplyProblem(batch: problem.batch, rows: problem.rows, depth: problem.depth, columns: rank)
    let second = try MatrixMultiplyProblem(
      batch: problem.batch, rows: problem.rows, depth: rank, columns: problem.columns, epilogue: problem.epilogue)
    let firstKernel = try registry.candidate(for: first, layout: .rowMajor).prepare(
      parameters: MatrixMultiplyParameters(
        weights: Tensor(shape: first.weightShape, elements: factors.right), bias: nil, for: first))
    let secondKernel = try registry.candidate(for: second, layout: .rowMajor).prepare(
      parameters: MatrixMultiplyParameters(
        weights: Tensor(shape: second.weightShape, elements: factors.left), bias: parameters.bias, for: second))
    return ChainedKernel(
      firstKernel, secondKernel, between: first.outputShape, layout: .rowMajor,
      hasResidual: problem.epilogue.hasResidual)
  }
}
