import LayerKernels

/// A pointwise and a depthwise convolution one behind the other, each by the kernel that expects most of itself, with the whole
/// activation between them in the workspace.
///
/// What the two would be apart: here so that joining them has to win on the clock.
public struct SeparatePair: LayerKernel {
  /// `decomposed.pair`
  public let identifier: KernelIdentifier = "decomposed.pair"
  /// The first.
  public let version = 1
  private let registry: KernelRegistry

  /// A kernel whose parts are solved by kernels of the registry.
  public init(parts registry: KernelRegistry) { self.registry = registry }

  /// Where both have a kernel from and to a layout.
  public func applicability(to problem: PointwiseDepthwiseProblem) -> Applicability {
    configurations(for: problem).isEmpty ? .refused("no kernels solve the parts on one layout") : .applies
  }

  /// Less than any other kernel that is exact: nobody runs it untuned.
  public func expectedEfficiency(for problem: PointwiseDepthwiseProblem) -> Double { 0.003 }

  /// A layout each: `layout` 0 plane lists, 1 channels last.
  public func configurations(for problem: PointwiseDepthwiseProblem) -> [KernelConfiguration] {
    Self.layouts.indices.filter { (try? parts(problem, layout: Self.layouts[$0])) != nil }.map { ["layout": $0] }
  }

  /// The configuration's layout throughout.
  public func layouts(
    for problem: PointwiseDepthwiseProblem, configuration: KernelConfiguration
  ) -> OperandLayouts {
    let choice = configuration["layout"] ?? 0
    return OperandLayouts(
      all: Self.layouts.indices.contains(choice) ? Self.layouts[choice] : .planeList, inputCount: 1)
  }

  private static let layouts: [TensorLayout] = [.planeList, .channelsLast]

  /// Prepares both parts.
  ///
  /// - Throws: ``KernelError`` when a part has no kernel.
  public func prepare(
    _ problem: PointwiseDepthwiseProblem, configuration: KernelConfiguration, parameters: PointwiseDepthwiseParameters
  ) throws -> any PreparedKernel {
    let layout = Self.layouts[try configuration.value("layout", in: Self.layouts.indices, of: identifier)]
    let parts = try parts(problem, layout: layout)
    return ChainedKernel(
      try parts.first.prepare(parameters: parameters.pointwise),
      try parts.second.prepare(parameters: parameters.depthwise), between: problem.pointwise.outputShape,
      layout: layout, hasResidual: false)
  }

  private func parts(
    _ problem: PointwiseDepthwiseProblem, layout: TensorLayout
  ) throws(KernelError) -> (first: Candidate, second: Candidate) {
    (
      try registry.candidate(for: problem.pointwise, layout: layout),
      try registry.candidate(for: problem.depthwise, layout: layout)
    )
  }
}
