import LayerKernels
import MicroKernels

/// Depthwise convolution from planes to planes, columns along the lanes.
///
/// Each plane's rows are read once and added to all output rows they belong to; there is no copy with a border. For windows
/// of 3×3 and 5×5 with stride 1 or 2; ``WindowConvolution`` takes any other.
public struct DepthwisePlanes: LayerKernel {
  /// `direct.depthwise.planes`
  public let identifier: KernelIdentifier = "direct.depthwise.planes"
  /// The first.
  public let version = 1
  private let set: MicroKernelSet

  /// The kernel on an instruction set.
  public init(_ set: MicroKernelSet) { self.set = set }

  /// Depthwise, square windows of 3 or 5 with stride 1 or 2, not dilated.
  public func applicability(to problem: ConvolutionProblem) -> Applicability {
    if let reason = DepthwiseWindow.refusal(of: problem) { return .refused(reason) }
    guard let window = DepthwiseWindow(problem), function(window) != nil else {
      return .refused("there is no such window on this instruction set")
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

  private func function(_ window: DepthwiseWindow) -> MicroKernelFunction<DepthwisePlanesArguments>? {
    set.depthwise.planes(window.kernel, window.stride)
  }
}

/// A square window that moves by the same step in both directions.
struct DepthwiseWindow {
  let kernel: Int
  let stride: Int

  init?(_ problem: ConvolutionProblem) {
    guard Self.refusal(of: problem) == nil else { return nil }
    kernel = problem.window.kernel.width
    stride = problem.window.stride.width
  }

  /// Why a convolution is none of these; nil when it is one.
  static func refusal(of problem: ConvolutionProblem) -> String? {
    let window = problem.window
    guard problem.isDepthwise else { return "needs a depthwise convolution" }
    guard window.dilation == WindowGeometry.Extent(1) else { return "needs a window that is not dilated" }
    guard window.kernel.height == window.kernel.width, [3, 5].contains(window.kernel.width) else {
      return "needs a window of 3×3 or 5×5, not \(window.kernel.height)×\(window.kernel.width)"
    }
    guard window.stride.height == window.stride.width, [1, 2].contains(window.stride.width) else {
      return "needs stride 1 or 2, not \(window.stride.height)×\(window.stride.width)"
    }
    return nil
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
    guard let window = DepthwiseWindow(problem), let function = set.depthwise.planes(window.kernel, window.stride)
    else {
      return nil
    }
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
      kernel: window.kernel, stride: window.stride, paddingLeft: problem.window.pads.left,
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
    let top = rows.lowerBound * problem.window.stride.height - problem.window.pads.top
    masks.withUnsafeBufferPointer { masks in
      guard let masks = masks.baseAddress else { return }
      var arguments = DepthwisePlanesArguments(
        weights: weights.start, bias: bias.start, masks: masks,
        inputs: inputs + max(top, 0) * problem.input.width, inputPlanes: inputPlanes, outputs: output.base + start,
        outputPlanes: output.planes)
      arguments.channels = problem.outputChannels
      arguments.inputHeight = max(problem.input.height - max(top, 0), 0)
      arguments.inputWidth = problem.input.width
      arguments.outputHeight = rows.count
      arguments.outputWidth = width
      arguments.paddingTop = max(-top, 0)
      arguments.paddingLeft = problem.window.pads.left
      arguments.capacity = capacity
      arguments.lower = epilogue.lower
      arguments.upper = epilogue.upper
      arguments.firstPlane = planes.lowerBound
      arguments.planeCount = planes.count
      guard epilogue.hasPass else {
        function(&arguments)
        return
      }
      arguments.planeCount = 1
      for plane in planes {
        arguments.firstPlane = plane
        function(&arguments)
        let written = output.plane(plane) + start
        epilogue.pass(
          over: written, residual: residual.map { UnsafePointer($0.plane(plane) + start) } ?? UnsafePointer(written),
          count: capacity)
      }
    }
  }
}
