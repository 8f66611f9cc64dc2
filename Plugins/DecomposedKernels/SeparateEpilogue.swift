import LayerKernels

/// A convolution whose residual and activation are a pass of their own after it, instead of riding in its epilogue.
///
/// The paper's fourth guideline says that this costs; here it competes, so that fusing has to win on the clock as well. It
/// could lose where the fastest kernel of the bare convolution has no room for the epilogue.
public struct SeparateEpilogue: LayerKernel {
  /// `decomposed.epilogue`
  public let identifier: KernelIdentifier = "decomposed.epilogue"
  /// The first revision, with its parts' versions.
  public let version: Int
  private let registry: KernelRegistry

  /// A kernel whose parts are solved by kernels of the registry.
  public init(parts registry: KernelRegistry) {
    self.registry = registry
    version = registry.version(revision: 1, ofPartsFor: ConvolutionProblem.self, ElementwiseProblem.self)
  }

  /// Convolutions with a residual or an activation.
  public func applicability(to problem: ConvolutionProblem) -> Applicability {
    guard problem.epilogue.hasResidual || problem.epilogue.activation != .identity else {
      return .refused("has neither residual nor activation to separate")
    }
    guard let parts = try? parts(problem), (try? registry.candidate(for: parts.bare, layout: .planeList)) != nil,
      (try? registry.candidate(for: parts.pass, layout: .planeList)) != nil
    else { return .refused("no kernels solve the parts on plane lists") }
    return .applies
  }

  /// Less than any other kernel that is exact: nobody runs it untuned.
  public func expectedEfficiency(for problem: ConvolutionProblem) -> Double { 0.003 }

  /// Plane lists throughout.
  public func layouts(for problem: ConvolutionProblem, configuration: KernelConfiguration) -> OperandLayouts {
    OperandLayouts(all: .planeList, inputCount: problem.inputShapes.count)
  }

  /// That of the convolution: the pass after it adds nothing of note.
  public func errorClass(for problem: ConvolutionProblem, configuration: KernelConfiguration) -> ErrorClass {
    let bare = (try? parts(problem)).flatMap { try? registry.candidate(for: $0.bare, layout: .planeList) }
    return bare?.errorClass ?? .exact()
  }

  /// Prepares both parts.
  ///
  /// - Throws: ``KernelError`` when a part has no kernel.
  public func prepare(
    _ problem: ConvolutionProblem, configuration: KernelConfiguration, parameters: ConvolutionParameters
  ) throws -> any PreparedKernel {
    if case .refused(let reason) = applicability(to: problem) {
      throw KernelError.notApplicable(kernel: identifier, problem: problem.key, reason: reason)
    }
    let parts = try parts(problem)
    let bare = try registry.candidate(for: parts.bare, layout: .planeList).prepare(
      parameters: ConvolutionParameters(filter: parameters.filter, bias: parameters.bias, for: parts.bare))
    let pass = try registry.candidate(for: parts.pass, layout: .planeList).prepare(parameters: NoParameters())
    return ChainedKernel(
      bare, pass, between: problem.outputShape, layout: .planeList, hasResidual: problem.epilogue.hasResidual)
  }

  private func parts(
    _ problem: ConvolutionProblem
  ) throws(ProblemError) -> (bare: ConvolutionProblem, pass: ElementwiseProblem) {
    let bare = try ConvolutionProblem(
      batch: problem.batch, inputChannels: problem.inputChannels, input: problem.input,
      outputChannels: problem.outputChannels, window: problem.window, groups: problem.groups,
      epilogue: Epilogue(bias: problem.epilogue.hasBias)
    ).with(integers: problem.integers)
    let shape = problem.outputShape
    guard problem.epilogue.hasResidual else {
      return (bare, ElementwiseProblem(problem.epilogue.activation, shape: shape))
    }
    return (bare, try ElementwiseProblem(.add, shape, shape, activation: problem.epilogue.activation))
  }
}
