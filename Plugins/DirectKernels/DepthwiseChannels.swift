import LayerKernels
import MicroKernels

/// Depthwise convolution from channels-last to channels-last, channels along the lanes: no lane is lost on maps of 7 × 7.
///
/// Configuration: `q`, the output pixels of a tile.
public struct DepthwiseChannels: LayerKernel {
  /// `direct.depthwise.channels`
  public let identifier: KernelIdentifier = "direct.depthwise.channels"
  /// The second: windows of any shape, stride and dilation.
  public let version = 2
  private let set: MicroKernelSet

  /// The kernel on an instruction set.
  public init(_ set: MicroKernelSet) { self.set = set }

  /// Depthwise, windows that are not huge, at least a vector of channels.
  public func applicability(to problem: ConvolutionProblem) -> Applicability {
    if let reason = DepthwiseWindow.refusal(of: problem) { return .refused(reason) }
    guard problem.outputChannels == problem.inputChannels else {
      return .refused("needs one output a channel, not \(problem.outputChannels / problem.groups)")
    }
    let taps = problem.window.kernel.height * problem.window.kernel.width
    guard taps <= DepthwiseTable.maximumTaps else {
      return .refused("needs a window of at most \(DepthwiseTable.maximumTaps) elements, not \(taps)")
    }
    guard problem.inputChannels >= set.depthwise.lanes else {
      return .refused("needs at least \(set.depthwise.lanes) channels, a vector, not \(problem.inputChannels)")
    }
    guard !columns(problem).isEmpty else { return .refused("there is no such window on this instruction set") }
    return .applies
  }

  /// A quarter of the peak.
  public func expectedEfficiency(for problem: ConvolutionProblem) -> Double { 0.25 }

  /// The tiles that are no wider than a row, the widest first.
  public func configurations(for problem: ConvolutionProblem) -> [KernelConfiguration] {
    columns(problem).reversed().map { ["q": $0] }
  }

  private func columns(_ problem: ConvolutionProblem) -> [Int] {
    (1...DepthwiseTable.maximumColumns).filter { DepthwiseWindow.channels(problem, set, columns: $0) != nil }
  }

  /// Channels last.
  public func layouts(for problem: ConvolutionProblem, configuration: KernelConfiguration) -> OperandLayouts {
    OperandLayouts(all: .channelsLast, inputCount: problem.inputShapes.count)
  }

  /// Packs the weights tap by tap.
  ///
  /// - Throws: ``KernelError`` when the kernel does not apply or there is no such tile.
  public func prepare(
    _ problem: ConvolutionProblem, configuration: KernelConfiguration, parameters: ConvolutionParameters
  ) throws -> any PreparedKernel {
    if case .refused(let reason) = applicability(to: problem) {
      throw KernelError.notApplicable(kernel: identifier, problem: problem.key, reason: reason)
    }
    let columns = try configuration.value("q", in: columns(problem), of: identifier)
    guard let function = DepthwiseWindow.channels(problem, set, columns: columns)
    else { throw KernelError.notApplicable(kernel: identifier, problem: problem.key, reason: "there is no such tile") }
    let channels = problem.outputChannels
    let taps = problem.window.kernel.height * problem.window.kernel.width
    // The bias and a pixel of zeros lie after the weights.
    let packed = try PackedWeights(count: (taps + 2) * channels) { packed in
      parameters.filter.withElements { filter in
        for channel in 0..<channels {
          for tap in 0..<taps { packed[tap * channels + channel] = filter[channel * taps + tap] }
        }
      }
      if let bias = parameters.bias {
        for channel in 0..<channels { packed[taps * channels + channel] = bias[channel] }
      }
    }
    return PreparedDepthwiseChannels(
      problem: problem, function: function, epilogue: RowEpilogue(problem.epilogue, set), packed: packed)
  }
}

/// The kernel bound to its weights.
private struct PreparedDepthwiseChannels: PreparedKernel {
  let problem: ConvolutionProblem
  let function: MicroKernelFunction<DepthwiseChannelsArguments>
  let epilogue: RowEpilogue
  let packed: PackedWeights

  func run(_ operands: LayerOperands, phase: Int, worker: Worker) {
    let share = worker.share(of: problem.batch * problem.output.height)
    var arguments = DepthwiseChannelsArguments(
      problem, packed, inputs: operands.input.base, outputs: operands.output.base)
    arguments.lower = epilogue.lower
    arguments.upper = epilogue.upper
    let rowSize = problem.output.width * problem.outputChannels
    for row in share {
      arguments.firstRow = row
      arguments.rowCount = 1
      function(&arguments)
      epilogue.pass(
        over: operands.output.base + row * rowSize,
        residual: UnsafePointer(operands.inputs[1].base + row * rowSize), count: rowSize)
    }
  }
}
