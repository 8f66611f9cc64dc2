import LayerKernels
import MicroKernels

/// Depthwise convolution between activations of bytes, channels along the lanes, with sums in floats: those of bytes and of weights of 8
/// bits are whole numbers that floats hold.
///
/// Configuration: `q`, the output pixels of a tile.
public struct DepthwiseBytes: LayerKernel {
  /// `direct.depthwise.bytes`
  public let identifier: KernelIdentifier = "direct.depthwise.bytes"
  /// The first.
  public let version = 1
  private let set: MicroKernelSet

  /// The kernel on an instruction set.
  public init(_ set: MicroKernelSet) { self.set = set }

  /// Depthwise, between whole multiples of steps, with windows that have code, at least a vector of channels.
  public func applicability(to problem: ConvolutionProblem) -> Applicability {
    if let reason = DepthwiseWindow.refusal(of: problem) { return .refused(reason) }
    guard problem.isDepthwise else { return .refused("needs one input and one output a channel") }
    guard problem.integers != nil, problem.outputQuantisation?.fitsByte == true, !problem.epilogue.hasResidual else {
      return .refused("needs inputs and outputs that are rounded to steps, at most 256 of them")
    }
    guard problem.inputChannels >= set.depthwise.lanes else {
      return .refused("needs at least \(set.depthwise.lanes) channels, a vector, not \(problem.inputChannels)")
    }
    guard !columns(problem).isEmpty else {
      return .refused("there is no \(DepthwiseWindow.description(of: problem.window)) on this instruction set")
    }
    return .applies
  }

  /// A quarter of the peak, as that of floats.
  public func expectedEfficiency(for problem: ConvolutionProblem) -> Double { 0.25 }

  /// The tiles that are no wider than a row, the widest first.
  public func configurations(for problem: ConvolutionProblem) -> [KernelConfiguration] {
    columns(problem).reversed().map { ["q": $0] }
  }

  private func columns(_ problem: ConvolutionProblem) -> [Int] {
    (1...DepthwiseTable.maximumColumns).filter { function(problem, columns: $0) != nil }
  }

  private func function(
    _ problem: ConvolutionProblem, columns: Int
  ) -> MicroKernelFunction<DepthwiseChannelsArguments>? {
    let window = problem.window
    guard window.kernel.height == window.kernel.width, window.stride.height == window.stride.width,
      // Every so many-th column belongs to a row of its own.
      columns <= max(problem.output.width / window.dilation.width, 1)
    else { return nil }
    return set.bytes.depthwise(window.kernel.width, window.stride.width, columns)
  }

  /// Bytes.
  public func layouts(for problem: ConvolutionProblem, configuration: KernelConfiguration) -> OperandLayouts {
    OperandLayouts(all: .bytes, inputCount: problem.inputShapes.count)
  }

  /// Packs the weights tap by tap, in steps of the output for each step of the input.
  ///
  /// - Throws: ``KernelError`` when the kernel does not apply or there is no such tile.
  public func prepare(
    _ problem: ConvolutionProblem, configuration: KernelConfiguration, parameters: ConvolutionParameters
  ) throws -> any PreparedKernel {
    if case .refused(let reason) = applicability(to: problem) {
      throw KernelError.notApplicable(kernel: identifier, problem: problem.key, reason: reason)
    }
    let columns = try configuration.value("q", in: columns(problem), of: identifier)
    guard let function = function(problem, columns: columns), let input = problem.integers?.input,
      let output = problem.outputQuantisation
    else { throw KernelError.notApplicable(kernel: identifier, problem: problem.key, reason: "there is no such tile") }
    let channels = problem.outputChannels
    let taps = problem.window.kernel.height * problem.window.kernel.width
    // The bias and a pixel of what stands for 0 lie after the weights.
    let packed = try PackedWeights(count: (taps + 1) * channels + (channels + 3) / 4) { packed in
      parameters.filter.withElements { filter in
        for channel in 0..<channels {
          for tap in 0..<taps {
            packed[tap * channels + channel] = filter[channel * taps + tap] * input.step / output.step
          }
        }
      }
      if let bias = parameters.bias {
        for channel in 0..<channels { packed[taps * channels + channel] = bias[channel] / output.step }
      }
      let bytes = UnsafeMutableRawBufferPointer(packed)
      for index in (taps + 1) * channels * 4..<bytes.count { bytes[index] = UInt8(input.zeroPoint) }
    }
    return PreparedDepthwiseBytes(problem: problem, input: input, output: output, function: function, packed: packed)
  }
}

/// The kernel bound to its weights.
private struct PreparedDepthwiseBytes: PreparedKernel {
  let problem: ConvolutionProblem
  let input: Quantisation
  let output: Quantisation
  let function: MicroKernelFunction<DepthwiseChannelsArguments>
  let packed: PackedWeights

  func run(_ operands: LayerOperands, phase: Int, worker: Worker) {
    let share = worker.share(of: problem.batch * problem.output.height)
    if share.isEmpty { return }
    var arguments = DepthwiseChannelsArguments(
      problem, packed, inputs: operands.input.bytes, outputs: operands.output.bytes)
    arguments.lower = output.lower
    arguments.upper = output.upper
    arguments.centre = Float(input.zeroPoint)
    arguments.offset = StepRounding.offset(zeroPoint: Float(output.zeroPoint))
    arguments.firstRow = share.lowerBound
    arguments.rowCount = share.count
    function(&arguments)
  }
}
