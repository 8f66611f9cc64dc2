import LayerKernels
import MicroKernels

/// Depthwise convolution from planes to planes, columns along the lanes.
///
/// Each plane's rows are read once and added to all output rows they belong to; there is no copy with a border. For square
/// windows of 3, 5 and 7 with stride 1 or 2, lines of 3, 5, 7 and 11 along either axis with stride 1, dilated where the
/// stride is 1, with any number of outputs a channel; ``WindowConvolution`` takes any other.
public struct DepthwisePlanes: LayerKernel {
  /// `direct.depthwise.planes`
  public let identifier: KernelIdentifier = "direct.depthwise.planes"
  /// The second: dilated windows, loops that are unrolled.
  public let version = 2
  private let set: MicroKernelSet

  /// The kernel on an instruction set.
  public init(_ set: MicroKernelSet) { self.set = set }

  /// A filter for each plane, of a shape and stride that there is code for, dilated only with stride 1.
  public func applicability(to problem: ConvolutionProblem) -> Applicability {
    if let reason = DepthwiseWindow.refusal(of: problem) { return .refused(reason) }
    let window = problem.window
    let isDilated = window.dilation != WindowGeometry.Extent(1)
    guard !isDilated || window.stride == WindowGeometry.Extent(1) else {
      return .refused("needs stride 1 for a dilated window")
    }
    guard DepthwiseWindow.planes(problem, set) != nil else {
      return .refused("there is no \(DepthwiseWindow.description(of: window)) on this instruction set")
    }
    guard problem.output.width <= 1 << 20 else { return .refused("rows of \(problem.output.width) are too long") }
    return .applies
  }

  /// A third of the peak of the lanes that a row fills.
  public func expectedEfficiency(for problem: ConvolutionProblem) -> Double {
    let width = problem.output.width
    let lanes = Double(width) / Double((width + set.depthwise.lanes - 1) / set.depthwise.lanes * set.depthwise.lanes)
    return (problem.window.stride.width == 1 ? 0.5 : 0.3) * lanes
  }

  /// Plane lists.
  public func layouts(for problem: ConvolutionProblem, configuration: KernelConfiguration) -> OperandLayouts {
    OperandLayouts(all: .planeList, inputCount: problem.inputShapes.count)
  }

  /// Copies the weights and finds out which columns a load may read.
  ///
  /// - Throws: ``KernelError`` when the kernel does not apply.
  public func prepare(
    _ problem: ConvolutionProblem, configuration: KernelConfiguration, parameters: ConvolutionParameters
  ) throws -> any PreparedKernel {
    if case .refused(let reason) = applicability(to: problem) {
      throw KernelError.notApplicable(kernel: identifier, problem: problem.key, reason: reason)
    }
    guard let planes = try PlaneDepthwise(problem, parameters, set) else {
      throw KernelError.notApplicable(kernel: identifier, problem: problem.key, reason: "there is no such window")
    }
    return PreparedDepthwisePlanes(problem: problem, planes: planes)
  }
}

/// The kernel bound to its weights.
private struct PreparedDepthwisePlanes: PreparedKernel {
  let problem: ConvolutionProblem
  let planes: PlaneDepthwise

  func run(_ operands: LayerOperands, phase: Int, worker: Worker) {
    let residual = problem.epilogue.hasResidual ? operands.inputs[1] : nil
    let output = problem.output
    worker.forEachShare(
      batch: problem.batch, channels: problem.outputChannels, height: output.height, width: output.width
    ) { planes, rows in
      self.planes.run(
        inputs: operands.input.base, inputPlanes: operands.input.planes, operands.output, planes: planes, rows: rows,
        residual: residual)
    }
  }
}

/// A depthwise convolution of planes bound to its weights.
struct PlaneDepthwise: Sendable {
  private let problem: ConvolutionProblem
  private let function: MicroKernelFunction<DepthwisePlanesArguments>
  private let epilogue: RowEpilogue
  private let weights: PackedWeights
  private let bias: PackedWeights
  private let masks: [Int32]

  /// The rows of an output plane.
  var outputHeight: Int { problem.output.height }

  /// Copies the weights and finds out which columns a load may read; nil when there is no such window.
  ///
  /// - Throws: ``KernelError/noMemory(byteCount:)``.
  init?(_ problem: ConvolutionProblem, _ parameters: ConvolutionParameters, _ set: MicroKernelSet) throws {
    guard let function = DepthwiseWindow.planes(problem, set) else { return nil }
    self.problem = problem
    self.function = function
    epilogue = RowEpilogue(problem.epilogue, set)
    weights = try PackedWeights(count: problem.filterShape.elementCount) { packed in
      parameters.filter.withElements { _ = packed.update(fromContentsOf: $0) }
    }
    bias = try PackedWeights(count: problem.outputChannels) { packed in
      if let bias = parameters.bias { _ = packed.update(fromContentsOf: bias) }
    }
    masks = DepthwiseColumns.masks(
      kernel: problem.window.kernel.width, stride: problem.window.stride.width,
      dilation: problem.window.dilation.width, paddingLeft: problem.window.pads.left,
      inputWidth: problem.input.width, outputWidth: problem.output.width, lanes: set.depthwise.lanes)
  }

  /// Convolves some output rows of some of the planes, which `inputPlanes`, the output and the residual count alike.
  ///
  /// Such rows are all rows of lower planes, which start further down.
  func run(
    inputs: UnsafePointer<Float>, inputPlanes: UnsafePointer<Int32>, _ output: TensorOperand, planes: Range<Int>,
    rows: Range<Int>, residual: TensorOperand?
  ) {
    if planes.isEmpty || rows.isEmpty { return }
    let width = problem.output.width
    let start = rows.lowerBound * width
    // After the last row there is slack, after the others there are other workers' rows.
    let capacity =
      rows.upperBound == problem.output.height
      ? AlignedMemory.paddedCount(problem.output.height * width) - start : rows.count * width
    masks.withUnsafeBufferPointer { masks in
      guard let masks = masks.baseAddress else { return }
      var arguments = DepthwisePlanesArguments(
        weights: weights.start, bias: bias.start, masks: masks, inputs: inputs, inputPlanes: inputPlanes,
        outputs: output.base, outputPlanes: output.planes)
      arguments.channels = problem.outputChannels
      arguments.multiplier = problem.outputChannels / problem.groups
      arguments.columnStep = problem.window.dilation.width
      arguments.outputWidth = width
      arguments.paddingLeft = problem.window.pads.left
      arguments.lower = epilogue.lower
      arguments.upper = epilogue.upper
      arguments.firstPlane = planes.lowerBound
      arguments.planeCount = planes.count
      guard epilogue.hasPass else {
        convolve(arguments, rows, capacity)
        return
      }
      arguments.planeCount = 1
      for plane in planes {
        arguments.firstPlane = plane
        convolve(arguments, rows, capacity)
        let written = output.plane(plane) + start
        epilogue.pass(
          over: written, residual: residual.map { UnsafePointer($0.plane(plane) + start) } ?? UnsafePointer(written),
          count: capacity)
      }
    }
  }

  /// Convolves the rows that see every so many-th input row from the first one on, then those that see the next ones.
  ///
  /// - Parameter capacity: the elements from the first row on that may be written.
  private func convolve(_ whole: DepthwisePlanesArguments, _ rows: Range<Int>, _ capacity: Int) {
    let width = problem.output.width
    let window = problem.window
    let dilation = window.dilation.height
    for first in 0..<min(dilation, rows.count) {
      var arguments = whole
      let top = (rows.lowerBound + first) * window.stride.height - window.pads.top
      // The first input row that is there.
      let row = top >= 0 ? top : (top % dilation + dilation) % dilation
      arguments.inputs = whole.inputs + min(row, problem.input.height) * problem.input.width
      arguments.inputHeight = max((problem.input.height - row + dilation - 1) / dilation, 0)
      arguments.inputStep = dilation * problem.input.width
      arguments.paddingTop = (row - top) / dilation
      arguments.outputs = whole.outputs + (rows.lowerBound + first) * width
      arguments.outputHeight = (rows.count - first + dilation - 1) / dilation
      arguments.outputStep = dilation * width
      arguments.capacity = capacity - first * width
      function(&arguments)
    }
  }
}
