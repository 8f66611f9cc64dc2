import LayerKernels
import MicroKernels

/// Pointwise convolution in narrow numbers between rows of channels: inputs are converted when they are read, the epilogue is in
/// floats.
///
/// In whole numbers each pixel has a scale and a zero of its own, each output channel's weights a scale, unless the problem says which
/// multiples of steps they are. Configuration: `p`
/// pixels and `n` vectors of a tile; `block`, the pixels that share a pass over a panel of weights.
public struct NarrowPointwise: LayerKernel {
  /// `int8.pointwise` or `bf16.pointwise`
  public let identifier: KernelIdentifier
  /// The first.
  public let version = 1
  private let set: MicroKernelSet
  private let blocking: NarrowBlocking

  /// The kernel with products of a table of an instruction set.
  public init(_ table: DotTable, _ set: MicroKernelSet) {
    identifier = KernelIdentifier("\(table.format.name).pointwise")
    self.set = set
    blocking = NarrowBlocking(identifier: identifier, table: table)
  }

  /// 1×1, stride 1, no padding, one group, sums that fit.
  public func applicability(to problem: ConvolutionProblem) -> Applicability {
    guard problem.isPointwise else { return .refused("needs a 1×1 window with stride 1 and no padding") }
    guard problem.groups == 1 else { return .refused("needs 1 group, not \(problem.groups)") }
    return blocking.refusal(depth: problem.inputChannels).map { .refused($0) } ?? .applies
  }

  /// What the instructions give, less the conversion.
  public func expectedEfficiency(for problem: ConvolutionProblem) -> Double {
    blocking.expectedEfficiency(
      channels: problem.outputChannels, depth: problem.inputChannels, pixels: pixels(problem))
  }

  /// The tiles that should be quickest.
  public func configurations(for problem: ConvolutionProblem) -> [KernelConfiguration] {
    blocking.configurations(
      channels: problem.outputChannels, pixels: pixels(problem),
      formats: NarrowFormats.all(for: problem, blocking.table.format))
  }

  /// More of them.
  public func furtherConfigurations(for problem: ConvolutionProblem) -> [KernelConfiguration] {
    blocking.furtherConfigurations(
      channels: problem.outputChannels, pixels: pixels(problem),
      formats: NarrowFormats.all(for: problem, blocking.table.format))
  }

  /// Rows of channels, of bytes where the configuration says so.
  public func layouts(for problem: ConvolutionProblem, configuration: KernelConfiguration) -> OperandLayouts {
    NarrowFormats(configuration).layouts(inputCount: problem.inputShapes.count)
  }

  /// Exact where the problem says that operands are whole multiples of steps; else measured: it depends on the weights and the inputs.
  public func errorClass(for problem: ConvolutionProblem, configuration: KernelConfiguration) -> ErrorClass {
    blocking.errorClass(for: problem.integers, depth: problem.inputChannels)
  }

  private func pixels(_ problem: ConvolutionProblem) -> Int {
    problem.batch * problem.output.height * problem.output.width
  }

  /// Rounds the weights and packs them in panels.
  ///
  /// - Throws: ``KernelError`` where the type has no number for a weight, or when there is no such tile.
  public func prepare(
    _ problem: ConvolutionProblem, configuration: KernelConfiguration, parameters: ConvolutionParameters
  ) throws -> any PreparedKernel {
    if case .refused(let reason) = applicability(to: problem) {
      throw KernelError.notApplicable(kernel: identifier, problem: problem.key, reason: reason)
    }
    let formats = try NarrowFormats(checking: configuration, for: problem, blocking.table.format, of: identifier)
    let depth = problem.inputChannels
    let (product, block) = try blocking.product(
      configuration, problem: problem.key, filter: parameters.filter, bias: parameters.bias, pixels: pixels(problem),
      terms: DotProduct.Terms(runOffsets: [0], runLength: blocking.table.format.wordCount(depth)),
      operands: problem.integers,
      outputStep: formats.writesBytes ? problem.outputQuantisation?.step : nil)
    return PreparedNarrowRows(
      product, blocking.quantisation(for: problem.integers, depth: depth), depth: depth, pixels: pixels(problem),
      block: block, formats, problem.epilogue, set)
  }
}
