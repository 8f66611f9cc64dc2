import LayerKernels
import MicroKernels

/// Depthwise 3×3 convolution of stride 1 by Winograd's F(m×m, 3×3), the only form in which Winograd meets ShuffleNetV2.
///
/// A channel's tiles are transformed, multiplied element by element, and transformed back: without a sum over channels to
/// share the transforms, the saved multiplications hardly pay; the tuner says where. Configuration: `m`, 2 or 4.
public struct WinogradDepthwise: LayerKernel {
  /// `winograd.depthwise`
  public let identifier: KernelIdentifier = "winograd.depthwise"
  /// The fourth: activations that are no clamps by the instruction set, too.
  public let version = 4
  private let microKernels: MicroKernelSet
  private var transforms: WinogradTable { microKernels.winograd }

  /// The kernel on an instruction set.
  public init(_ set: MicroKernelSet) { microKernels = set }

  /// Depthwise, 3×3, stride 1, no dilation.
  public func applicability(to problem: ConvolutionProblem) -> Applicability {
    guard problem.isDepthwise else { return .refused("is not depthwise") }
    return problem.winogradRefusal.map { .refused($0) } ?? .applies
  }

  /// Less than a direct kernel's.
  public func expectedEfficiency(for problem: ConvolutionProblem) -> Double { 0.05 }

  /// F(4×4), then F(2×2).
  public func configurations(for problem: ConvolutionProblem) -> [KernelConfiguration] { [["m": 4], ["m": 2]] }

  /// Plane lists throughout.
  public func layouts(for problem: ConvolutionProblem, configuration: KernelConfiguration) -> OperandLayouts {
    OperandLayouts(all: .planeList, inputCount: problem.inputShapes.count)
  }

  /// As of the dense form.
  public func errorClass(for problem: ConvolutionProblem, configuration: KernelConfiguration) -> ErrorClass {
    .exact(tolerance: 2e-5)
  }

  /// Transforms the filters.
  ///
  /// - Throws: ``KernelError`` when `m` is neither 2 nor 4.
  public func prepare(
    _ problem: ConvolutionProblem, configuration: KernelConfiguration, parameters: ConvolutionParameters
  ) throws -> any PreparedKernel {
    if case .refused(let reason) = applicability(to: problem) {
      throw KernelError.notApplicable(kernel: identifier, problem: problem.key, reason: reason)
    }
    let size = try configuration.value("m", in: [2, 4], of: identifier)
    let tiling = WinogradTiling(problem, size: size, lanes: transforms.lanes)
    let filters = try WinogradFilters(
      parameters.filter, panels: PanelPlan(rows: problem.outputChannels, limit: problem.outputChannels), depth: 1,
      tiling: tiling, lanes: transforms.lanes, transform: transforms[size: size].filter)
    return PreparedDepthwise(
      problem: problem, tiling: tiling, filters: filters, bias: parameters.bias, transforms: transforms[size: size],
      activation: WinogradActivation(problem.epilogue.activation, microKernels),
      planeSize: AlignedMemory.paddedCount(tiling.planeSize(rows: tiling.rows)) + AlignedMemory.elementAlignment)
  }

  private struct PreparedDepthwise: PreparedKernel {
    let problem: ConvolutionProblem
    let tiling: WinogradTiling
    let filters: WinogradFilters
    let bias: [Float]?
    let transforms: WinogradTable.Transforms
    let activation: WinogradActivation
    let planeSize: Int

    private var scratchSize: Int { AlignedMemory.paddedCount(tiling.scratchSize) }
    private var workerSize: Int { scratchSize + tiling.extent * tiling.extent * planeSize }

    func workspaceSize(workers: Int) -> Int { workers * workerSize * MemoryLayout<Float>.stride }

    func run(_ operands: LayerOperands, phase: Int, worker: Worker) {
      let scratch = operands.workspace.assumingMemoryBound(to: Float.self) + worker.index * workerSize
      let tiles = scratch + scratchSize
      let channels = problem.outputChannels
      let output = problem.output
      tiling.masks.withUnsafeBufferPointer { masks in
        guard let masks = masks.baseAddress else { return }
        for index in worker.share(of: problem.batch * channels) {
          let channel = index % channels
          var forward = WinogradInputArguments(
            tiling, plane: operands.input.plane(index), height: problem.input.height, width: problem.input.width,
            paddingTop: problem.window.pads.top, paddingLeft: problem.window.pads.left,
            firstRow: 0, rowCount: tiling.rows, masks: masks, outputs: tiles, outputStride: planeSize, scratch: scratch)
          transforms.input(&forward)
          for element in 0..<(tiling.extent * tiling.extent) {
            let factor = filters.start[element * filters.stride + channel]
            let plane = tiles + element * planeSize
            for tile in 0..<tiling.rows * tiling.columns { plane[tile] *= factor }
          }
          var backward = WinogradOutputArguments(
            tiling, products: tiles, productStride: planeSize, firstRow: 0, rowCount: tiling.rows,
            plane: operands.output.plane(index), height: output.height, width: output.width, scratch: scratch)
          backward.bias = bias?[channel] ?? 0
          if problem.epilogue.hasResidual { backward.addend = UnsafePointer(operands.inputs[1].plane(index)) }
          backward.lower = activation.lower
          backward.upper = activation.upper
          transforms.output(&backward)
          activation.pass(over: operands.output.plane(index), count: output.height * output.width)
        }
      }
    }
  }
}
