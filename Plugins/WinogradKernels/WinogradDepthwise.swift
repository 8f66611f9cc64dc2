import LayerKernels
import MicroKernels

/// Depthwise 3×3 convolution of stride 1 by Winograd's F(m×m, 3×3), the only form in which Winograd meets ShuffleNetV2.
///
/// A channel's tiles are transformed, multiplied element by element, and transformed back: without a sum over channels to
/// share the transforms, the saved multiplications hardly pay; the tuner says where. Configuration: `m`, 2 or 4.
public struct WinogradDepthwise: LayerKernel {
  /// `winograd.depthwise`
  public let identifier: KernelIdentifier = "winograd.depthwise"
  /// The first.
  public let version = 1
  private let transforms: WinogradTable

  /// The kernel on an instruction set.
  public init(_ set: MicroKernelSet) { transforms = set.winograd }

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
    let filter = WinogradFilter(size: size)
    let layout = TileRows(problem, size: size, lanes: transforms.lanes)
    return PreparedDepthwise(
      problem: problem, layout: layout, filters: parameters.filter.withElements { filter.transformed($0) },
      bias: parameters.bias, input: transforms.input(size: size), output: transforms.output(size: size),
      planeSize: AlignedMemory.paddedCount(layout.columns + transforms.lanes))
  }

  private struct PreparedDepthwise: PreparedKernel {
    let problem: ConvolutionProblem
    let layout: TileRows
    let filters: [Float]
    let bias: [Float]?
    let input: WinogradFunction
    let output: WinogradFunction
    let planeSize: Int

    private var stagedSize: Int { layout.extent * layout.rowStride }
    private var workerSize: Int {
      AlignedMemory.paddedCount(stagedSize + layout.scratchSize + layout.extent * layout.extent * planeSize)
    }

    func workspaceSize(workers: Int) -> Int { workers * workerSize * MemoryLayout<Float>.stride }

    func run(_ operands: LayerOperands, phase: Int, worker: Worker) {
      let staged = operands.workspace.assumingMemoryBound(to: Float.self) + worker.index * workerSize
      let scratch = staged + stagedSize
      let tiles = scratch + layout.scratchSize
      let channels = problem.outputChannels
      let late = problem.epilogue.hasResidual || problem.epilogue.activation.clampBounds == nil
      let bounds = late ? nil : problem.epilogue.activation.clampBounds
      for index in worker.share(of: problem.batch * channels) {
        let channel = index % channels
        for row in 0..<layout.rows {
          layout.stage(operands.input.plane(index), row: row, into: staged)
          var forward = WinogradArguments(
            inputs: staged, inputStride: layout.rowStride, outputs: tiles, outputStride: planeSize,
            tiles: layout.columns, scratch: scratch)
          input(&forward)
          for element in 0..<(layout.extent * layout.extent) {
            let factor = filters[element * channels + channel]
            let plane = tiles + element * planeSize
            for tile in 0..<layout.columns { plane[tile] *= factor }
          }
          var backward = WinogradArguments(
            inputs: tiles, inputStride: planeSize, outputs: staged, outputStride: layout.rowStride,
            tiles: layout.columns, scratch: scratch)
          backward.bias = bias?[channel] ?? 0
          backward.lower = bounds?.lower ?? -.infinity
          backward.upper = bounds?.upper ?? .infinity
          output(&backward)
          layout.store(
            staged, row: row, to: operands.output.plane(index),
            residual: problem.epilogue.hasResidual ? UnsafePointer(operands.inputs[1].plane(index)) : nil,
            activation: late ? problem.epilogue.activation : nil)
        }
      }
    }
  }
}
