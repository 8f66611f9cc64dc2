import LayerKernels
import MicroKernels

/// Convolution in narrow numbers between rows of channels, for any window, stride, dilation and padding: the image is converted once,
/// and the tiles read windows where they lie in it.
///
/// In whole numbers each image has a scale and a zero of its own, each output channel's weights a scale; padding is that zero. The
/// epilogue is in floats. Configuration: `p` pixels and `n` vectors of a tile; `block`, the pixels that share a pass over a panel of
/// weights.
public struct NarrowConvolution: LayerKernel {
  /// `int8.convolution` or `bf16.convolution`
  public let identifier: KernelIdentifier
  /// The first.
  public let version = 1
  private let set: MicroKernelSet
  private let blocking: NarrowBlocking

  /// The kernel with products of a table of an instruction set.
  public init(_ table: DotTable, _ set: MicroKernelSet) {
    identifier = KernelIdentifier("\(table.format.name).convolution")
    self.set = set
    blocking = NarrowBlocking(identifier: identifier, table: table)
  }

  /// One group, no pointwise product, sums that fit and images that are not huge.
  public func applicability(to problem: ConvolutionProblem) -> Applicability {
    guard !problem.isPointwise else { return .refused("needs a window other than 1×1 with stride 1 and no padding") }
    guard problem.groups == 1 else { return .refused("needs 1 group, not \(problem.groups)") }
    if let reason = blocking.refusal(depth: problem.filterShape.elementCount / problem.outputChannels) {
      return .refused(reason)
    }
    guard StagedImage(problem, blocking.table.format) != nil else {
      return .refused("an image of that size takes more than \(StagedImage.maximumByteCount >> 20) MiB of workspace")
    }
    return .applies
  }

  /// What the instructions give, less the conversion.
  public func expectedEfficiency(for problem: ConvolutionProblem) -> Double {
    blocking.expectedEfficiency(
      channels: problem.outputChannels, depth: problem.filterShape.elementCount / problem.outputChannels,
      pixels: pixels(problem))
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
    blocking.errorClass(for: problem.integers, depth: problem.filterShape.elementCount / problem.outputChannels)
  }

  private func pixels(_ problem: ConvolutionProblem) -> Int { problem.output.height * problem.output.width }

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
    guard let image = StagedImage(problem, blocking.table.format) else {
      throw KernelError.notApplicable(kernel: identifier, problem: problem.key, reason: "the image is too large")
    }
    let (product, block) = try blocking.product(
      configuration, problem: problem.key, filter: parameters.filter, bias: parameters.bias, pixels: pixels(problem),
      terms: image.terms, operands: problem.integers,
      outputStep: formats.writesBytes ? problem.outputQuantisation?.step : nil)
    let depth = problem.filterShape.elementCount / problem.outputChannels
    return PreparedNarrowConvolution(
      problem, image, product, blocking.quantisation(for: problem.integers, depth: depth), formats, block: block,
      set)
  }
}
