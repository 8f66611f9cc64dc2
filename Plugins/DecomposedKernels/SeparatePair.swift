import LayerKernels

/// The two parts of a pair one after the other, each by the kernel that expects most of itself, with the whole activation
/// between them in the workspace.
///
/// What the two would be apart: here so that joining them has to win on the clock.
public struct SeparatePair<Pair: LayerPair>: LayerKernel {
  /// `decomposed.pair` or `decomposed.convolution-pooling`
  public let identifier: KernelIdentifier
  /// The first revision, with its parts' versions.
  public let version: Int
  private let registry: KernelRegistry

  /// A kernel whose parts are solved by kernels of the registry.
  public init(_ pair: Pair.Type, identifier: KernelIdentifier, parts registry: KernelRegistry) {
    self.identifier = identifier
    self.registry = registry
    version = registry.version(revision: 1, ofPartsFor: Pair.First.self, Pair.Second.self)
  }

  /// Where both have a kernel from and to a layout.
  public func applicability(to problem: Pair) -> Applicability {
    configurations(for: problem).isEmpty ? .refused("no kernels solve the parts on one layout") : .applies
  }

  /// That of both parts in their best kernels, which may be others than a pair has (Winograd's), and of the activation that crosses
  /// memory between them.
  public func expectedEfficiency(for problem: Pair) -> Double {
    // Every kernel lists its candidates for an answer: once a part, not once a layout.
    let (first, second) = (registry.answers(for: problem.first), registry.answers(for: problem.second))
    return layouts.compactMap { layout -> Double? in
      guard let first = first.best(layout: layout), let second = second.best(layout: layout) else { return nil }
      let (before, after) = (problem.first.operationCount.flopsWithBias, problem.second.operationCount.flopsWithBias)
      let between =
        Self.operationsPerByte * Double(2 * MemoryLayout<Float>.stride * problem.first.outputShape.elementCount)
      let time = Double(before) / max(first.efficiency, 1e-6) + Double(after) / max(second.efficiency, 1e-6) + between
      return Double(before + after) / max(time, 1)
    }.max() ?? 0
  }

  /// The FLOPs that the peak does in the time of a byte: 100 GFLOP/s on 20 GB/s.
  private static var operationsPerByte: Double { 5 }

  /// A layout each: `layout` 0 plane lists, 1 channels last.
  public func configurations(for problem: Pair) -> [KernelConfiguration] {
    let (first, second) = (registry.answers(for: problem.first), registry.answers(for: problem.second))
    return layouts.indices.filter { first.best(layout: layouts[$0]) != nil && second.best(layout: layouts[$0]) != nil }
      .map { ["layout": $0] }
  }

  /// The configuration's layout throughout.
  public func layouts(for problem: Pair, configuration: KernelConfiguration) -> OperandLayouts {
    let choice = configuration["layout"] ?? 0
    return OperandLayouts(all: layouts.indices.contains(choice) ? layouts[choice] : .planeList, inputCount: 1)
  }

  private var layouts: [TensorLayout] { [.planeList, .channelsLast] }

  /// Prepares both parts.
  ///
  /// - Throws: ``KernelError`` when a part has no kernel.
  public func prepare(
    _ problem: Pair, configuration: KernelConfiguration, parameters: Pair.Parameters
  ) throws -> any PreparedKernel {
    let layout = layouts[try configuration.value("layout", in: layouts.indices, of: identifier)]
    let candidates = try parts(problem, layout: layout)
    let parameters = Pair.parts(of: parameters)
    return ChainedKernel(
      try candidates.first.prepare(parameters: parameters.first),
      try candidates.second.prepare(parameters: parameters.second), between: problem.first.outputShape,
      layout: layout, hasResidual: false)
  }

  private func parts(
    _ problem: Pair, layout: TensorLayout
  ) throws(KernelError) -> (first: Candidate, second: Candidate) {
    (
      try registry.candidate(for: problem.first, layout: layout),
      try registry.candidate(for: problem.second, layout: layout)
    )
  }
}
