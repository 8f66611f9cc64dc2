import LayerKernels

/// A convolution as two smaller ones, by a low-rank factorisation of its filters.
///
/// Each of the two is solved by whichever registered kernel expects most of itself. Approximate unless the rank is full; the error
/// depends on the weights. The paper's own warning holds: fewer FLOPs are not less time. Configuration: `rank`.
public struct DecomposedConvolution: LayerKernel {
  /// How filters are cut.
  public enum Form: String, Hashable, Sendable, CaseIterable {
    /// 1×1 as C → r → K.
    case pointwise
    /// k×k as k×1 then 1×k (Jaderberg et al. 2014; in closed form Tai et al. 2016).
    case spatial
    /// k×k as r filters of k×k, then 1×1 (Zhang et al., "Accelerating Very Deep Convolutional Networks", 2016).
    case channel
  }

  /// `decomposed.pointwise`, `decomposed.spatial` or `decomposed.channel`
  public let identifier: KernelIdentifier
  /// The first revision, with its parts' versions.
  public let version: Int
  private let form: Form
  private let registry: KernelRegistry

  /// A kernel of the given form whose parts are solved by kernels of the registry.
  public init(_ form: Form, parts registry: KernelRegistry) {
    self.form = form
    self.registry = registry
    version = registry.version(revision: 1, ofPartsFor: ConvolutionProblem.self)
    identifier = KernelIdentifier("decomposed.\(form.rawValue)")
  }

  /// Dense convolutions of the form's kind whose smallest rank saves arithmetic.
  public func applicability(to problem: ConvolutionProblem) -> Applicability {
    guard problem.groups == 1 else { return .refused("needs a dense convolution, not \(problem.groups) groups") }
    let kernel = problem.window.kernel
    switch form {
    case .pointwise:
      guard kernel == .init(1) else { return .refused("needs a 1×1 filter") }
    case .spatial:
      guard kernel.height > 1, kernel.width > 1 else { return .refused("needs a filter of several rows and columns") }
    case .channel:
      guard kernel != .init(1) else { return .refused("needs a larger filter than 1×1") }
    }
    let full = fullRank(problem)
    guard full >= 4 else { return .refused("a rank of \(full) leaves nothing to cut") }
    guard let parts = try? parts(problem, rank: max(full / 8, 1)),
      parts.first.operationCount.multiplyAccumulates + parts.second.operationCount.multiplyAccumulates
        < problem.operationCount.multiplyAccumulates
    else { return .refused("even a rank of \(max(full / 8, 1)) saves no arithmetic") }
    return .applies
  }

  /// Less than any other but the reference: the full rank, which alone is exact, costs more arithmetic than the whole, and
  /// its decomposition costs seconds at loading where maps are so small that others expect little of themselves.
  public func expectedEfficiency(for problem: ConvolutionProblem) -> Double { 0.005 }

  /// The full rank, then fractions of it.
  public func configurations(for problem: ConvolutionProblem) -> [KernelConfiguration] {
    candidateRanks(full: fullRank(problem))
  }

  /// Plane lists throughout.
  public func layouts(for problem: ConvolutionProblem, configuration: KernelConfiguration) -> OperandLayouts {
    OperandLayouts(all: .planeList, inputCount: problem.inputShapes.count)
  }

  /// Exact at full rank, else measured.
  public func errorClass(for problem: ConvolutionProblem, configuration: KernelConfiguration) -> ErrorClass {
    configuration["rank"] == fullRank(problem) ? .exact(tolerance: 5e-5) : .approximate(relativeError: nil)
  }

  /// Factors the filters and prepares both parts.
  ///
  /// - Throws: ``KernelError`` when the rank cannot be, or the filters hold numbers that are none.
  public func prepare(
    _ problem: ConvolutionProblem, configuration: KernelConfiguration, parameters: ConvolutionParameters
  ) throws -> any PreparedKernel {
    if case .refused(let reason) = applicability(to: problem) {
      throw KernelError.notApplicable(kernel: identifier, problem: problem.key, reason: reason)
    }
    let rank = try configuration.value("rank", in: 1...fullRank(problem), of: identifier)
    let (first, second) = try parts(problem, rank: rank)
    let (rows, columns) = matrixSize(problem)
    guard let factors = LowRankFactors(matrix(problem, parameters.filter), rows: rows, columns: columns, rank: rank)
    else {
      throw KernelError.invalidConfiguration(
        kernel: identifier, configuration: configuration, reason: LowRankFactors.failure)
    }
    let filters = try self.filters(factors, first: first, second: second, rank: rank)
    let firstKernel = try registry.candidate(for: first, layout: .planeList).prepare(
      parameters: ConvolutionParameters(filter: filters.first, bias: nil, for: first))
    let secondKernel = try registry.candidate(for: second, layout: .planeList).prepare(
      parameters: ConvolutionParameters(filter: filters.second, bias: parameters.bias, for: second))
    return ChainedKernel(
      firstKernel, secondKernel, between: first.outputShape, layout: .planeList,
      hasResidual: problem.epilogue.hasResidual)
  }

  private func matrixSize(_ problem: ConvolutionProblem) -> (rows: Int, columns: Int) {
    let kernel = problem.window.kernel
    switch form {
    case .pointwise, .channel:
      return (problem.outputChannels, problem.inputChannels * kernel.height * kernel.width)
    case .spatial: return (problem.inputChannels * kernel.height, problem.outputChannels * kernel.width)
    }
  }

  private func fullRank(_ problem: ConvolutionProblem) -> Int {
    let (rows, columns) = matrixSize(problem)
    return min(rows, columns)
  }

  /// The two convolutions; the epilogue is the second one's.
  private func parts(
    _ problem: ConvolutionProblem, rank: Int
  ) throws(ProblemError) -> (first: ConvolutionProblem, second: ConvolutionProblem) {
    let window = problem.window
    let one = WindowGeometry.Extent(1)
    var firstWindow = window
    var secondWindow = try WindowGeometry(kernel: one)
    if form == .spatial {
      firstWindow = try WindowGeometry(
        kernel: .init(height: window.kernel.height, width: 1), stride: .init(height: window.stride.height, width: 1),
        dilation: .init(height: window.dilation.height, width: 1),
        pads: .init(top: window.pads.top, left: 0, bottom: window.pads.bottom, right: 0))
      secondWindow = try WindowGeometry(
        kernel: .init(height: 1, width: window.kernel.width), stride: .init(height: 1, width: window.stride.width),
        dilation: .init(height: 1, width: window.dilation.width),
        pads: .init(top: 0, left: window.pads.left, bottom: 0, right: window.pads.right))
    }
    let first = try ConvolutionProblem(
      batch: problem.batch, inputChannels: problem.inputChannels, input: problem.input, outputChannels: rank,
      window: firstWindow)
    let second = try ConvolutionProblem(
      batch: problem.batch, inputChannels: rank, input: first.output, outputChannels: problem.outputChannels,
      window: secondWindow, epilogue: problem.epilogue)
    return (first, second)
  }

  private func matrix(_ problem: ConvolutionProblem, _ filter: Tensor) -> [Double] {
    guard form == .spatial else { return filter.elements.map(Double.init) }
    // [K, C, R, S] to [C·R, K·S].
    let kernel = problem.window.kernel
    let (rows, columns) = matrixSize(problem)
    var matrix = [Double](repeating: 0, count: rows * columns)
    let elements = filter.elements
    for output in 0..<problem.outputChannels {
      for input in 0..<problem.inputChannels {
        for row in 0..<kernel.height {
          for column in 0..<kernel.width {
            let source = ((output * problem.inputChannels + input) * kernel.height + row) * kernel.width + column
            matrix[(input * kernel.height + row) * columns + output * kernel.width + column] = Double(elements[source])
          }
        }
      }
    }
    return matrix
  }

  private func filters(
    _ factors: LowRankFactors, first: ConvolutionProblem, second: ConvolutionProblem, rank: Int
  ) throws -> (first: Tensor, second: Tensor) {
    guard form == .spatial else {
      return (
        try Tensor(shape: first.filterShape, elements: factors.right),
        try Tensor(shape: second.filterShape, elements: factors.left)
      )
    }
    // Left [C·R, r] to [r, C, R, 1], right [r, K·S] to [K, r, 1, S].
    let rows = first.inputChannels * first.window.kernel.height
    var column = [Float](repeating: 0, count: rank * rows)
    for row in 0..<rows { for index in 0..<rank { column[index * rows + row] = factors.left[row * rank + index] } }
    let width = second.window.kernel.width
    var across = [Float](repeating: 0, count: second.outputChannels * rank * width)
    for output in 0..<second.outputChannels {
      for index in 0..<rank {
        for place in 0..<width {
          across[(output * rank + index) * width + place] =
            factors.right[index * second.outputChannels * width + output * width + place]
        }
      }
    }
    return (
      try Tensor(shape: first.filterShape, elements: column), try Tensor(shape: second.filterShape, elements: across)
    )
  }
}
