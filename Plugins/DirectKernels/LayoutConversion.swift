import LayerKernels
import MicroKernels

/// Copies of an activation from one layout to another: planes are copied, channels and pixels transposed in registers.
public struct LayoutConversion: LayerKernel {
  /// `direct.layout-conversion`
  public let identifier: KernelIdentifier = "direct.layout-conversion"
  /// The first.
  public let version = 1
  private let set: MicroKernelSet

  /// The kernel on an instruction set.
  public init(_ set: MicroKernelSet) { self.set = set }

  /// Always.
  public func applicability(to problem: LayoutConversionProblem) -> Applicability { .applies }

  /// There is no arithmetic; better than the reference.
  public func expectedEfficiency(for problem: LayoutConversionProblem) -> Double { 0.5 }

  /// The problem's layouts.
  public func layouts(for problem: LayoutConversionProblem, configuration: KernelConfiguration) -> OperandLayouts {
    OperandLayouts(inputs: [problem.source], output: problem.destination)
  }

  /// No bit changes, but for the last of a number's as a multiple of its step.
  public func errorClass(for problem: LayoutConversionProblem, configuration: KernelConfiguration) -> ErrorClass {
    problem.steps == nil ? .exact(tolerance: 0) : .exact()
  }

  /// Nothing to pack.
  public func prepare(
    _ problem: LayoutConversionProblem, configuration: KernelConfiguration, parameters: NoParameters
  ) throws -> any PreparedKernel {
    if let steps = problem.steps, problem.source != problem.destination {
      return PreparedByteConversion(
        shape: problem.outputShape, source: problem.source, destination: problem.destination, steps: steps,
        bytes: set.bytes, transpose: set.planes.transpose)
    }
    return PreparedLayoutConversion(
      shape: problem.outputShape, source: problem.source, destination: problem.destination,
      transpose: set.planes.transpose)
  }
}

private struct PreparedLayoutConversion: PreparedKernel {
  let batch: Int
  let channels: Int
  let pixels: Int
  let source: TensorLayout
  let destination: TensorLayout
  let transpose: MicroKernelFunction<TransposeArguments>

  /// The pixels that one transposition takes at least, so that threads share an image in useful parts.
  private static let granule = 64

  init(
    shape: TensorShape, source: TensorLayout, destination: TensorLayout,
    transpose: MicroKernelFunction<TransposeArguments>
  ) {
    batch = shape[0]
    channels = shape[1]
    pixels = shape[2] * shape[3]
    self.source = source
    self.destination = destination
    self.transpose = transpose
  }

  func run(_ operands: LayerOperands, phase: Int, worker: Worker) {
    guard pixels > 0, channels > 0 else { return }
    switch (source, destination) {
    case (.channelsLast, .channelsLast), (.rowMajor, .rowMajor), (.bytes, .bytes):
      let count = source.floatCount(batch * channels * pixels)
      let share = worker.share(of: count, granule: AlignedMemory.elementAlignment)
      (operands.output.base + share.lowerBound).update(
        from: operands.input.base + share.lowerBound, count: share.count)
    case (_, .channelsLast), (.channelsLast, _):
      let part = worker.share(of: pixels, granule: Self.granule)
      guard !part.isEmpty else { return }
      for image in 0..<batch { transpose(operands, image, part) }
    default:
      for plane in worker.share(of: batch * channels) {
        start(operands.output, destination, plane).update(
          from: start(operands.input, source, plane), count: pixels)
      }
    }
  }

  private func start(_ operand: TensorOperand, _ layout: TensorLayout, _ plane: Int) -> UnsafeMutablePointer<Float> {
    layout == .planeList ? operand.plane(plane) : operand.base + plane * pixels
  }

  /// Transposes some pixels of an image. Rows of the source are channels, or pixels of channels last.
  private func transpose(_ operands: LayerOperands, _ image: Int, _ part: Range<Int>) {
    let place = image * channels * pixels
    if destination == .channelsLast {
      let isList = source == .planeList
      var arguments = TransposeArguments(
        source: operands.input.base + (isList ? 0 : place) + part.lowerBound, sourceStride: pixels,
        target: operands.output.base + place + part.lowerBound * channels, targetStride: channels, rows: channels,
        columns: part.count)
      if isList { arguments.sourceRows = operands.input.planes + image * channels }
      transpose(&arguments)
    } else {
      let isList = destination == .planeList
      var arguments = TransposeArguments(
        source: operands.input.base + place + part.lowerBound * channels, sourceStride: channels,
        target: operands.output.base + (isList ? 0 : place) + part.lowerBound, targetStride: pixels, rows: part.count,
        columns: channels)
      if isList { arguments.targetRows = operands.output.planes + image * channels }
      transpose(&arguments)
    }
  }
}
