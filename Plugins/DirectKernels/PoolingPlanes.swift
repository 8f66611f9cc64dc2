import LayerKernels
import MicroKernels

/// Pooling from planes to planes, columns along the lanes: first the rows of the windows, then their columns; windows of three
/// columns that are two apart without scratch memory.
public struct PoolingPlanes: LayerKernel {
  /// `direct.pooling.planes`
  public let identifier: KernelIdentifier = "direct.pooling.planes"
  /// The first.
  public let version = 1
  private let set: MicroKernelSet

  /// The kernel on an instruction set.
  public init(_ set: MicroKernelSet) { self.set = set }

  /// Any pooling whose rows are not absurdly long.
  public func applicability(to problem: PoolingProblem) -> Applicability {
    let geometry = PoolingGeometry(problem)
    guard geometry.scratchCount(lanes: set.lanes) <= 1 << 24 else {
      return .refused("rows of \(problem.input.width) are too long")
    }
    return .applies
  }

  /// A tenth: memory decides.
  public func expectedEfficiency(for problem: PoolingProblem) -> Double { 0.1 }

  /// Plane lists.
  public func layouts(for problem: PoolingProblem, configuration: KernelConfiguration) -> OperandLayouts {
    OperandLayouts(all: .planeList)
  }

  /// Counts the elements of the windows.
  ///
  /// - Throws: ``KernelError`` when the kernel does not apply.
  public func prepare(
    _ problem: PoolingProblem, configuration: KernelConfiguration, parameters: NoParameters
  ) throws -> any PreparedKernel {
    if case .refused(let reason) = applicability(to: problem) {
      throw KernelError.notApplicable(kernel: identifier, problem: problem.key, reason: reason)
    }
    let factors = WindowFactors(problem)
    return PreparedPoolingPlanes(
      geometry: PoolingGeometry(problem), batch: problem.batch, channels: problem.channels,
      isMaximum: problem.reduction == .maximum, function: set.planes.poolPlanes, lanes: set.lanes,
      columnFactors: PackedWeights(count: factors.columns.count + set.lanes) { packed in
        _ = packed.update(fromContentsOf: factors.columns)
      },
      rowFactors: factors.rows,
      tailMask: LaneMask.places(lanes: set.lanes, first: 0, limit: problem.input.width % set.lanes),
      tripleMasks: TripleColumns.apply(to: PoolingGeometry(problem))
        ? TripleColumns.masks(PoolingGeometry(problem), lanes: set.lanes) : nil)
  }
}

extension PoolingGeometry {
  /// A pooling's sizes.
  init(_ problem: PoolingProblem) {
    self.init()
    let window = problem.window
    inputHeight = problem.input.height
    inputWidth = problem.input.width
    outputHeight = problem.output.height
    outputWidth = problem.output.width
    kernelHeight = window.kernel.height
    kernelWidth = window.kernel.width
    strideHeight = window.stride.height
    strideWidth = window.stride.width
    dilationHeight = window.dilation.height
    dilationWidth = window.dilation.width
    paddingTop = window.pads.top
    paddingLeft = window.pads.left
    capacity = AlignedMemory.paddedCount(outputHeight * outputWidth)
  }
}

/// What the sums of windows are multiplied with to become means: a factor of the row times one of the column.
struct WindowFactors {
  /// One over the rows that a window counts, for each output row; 0 for none.
  let rows: [Float]
  /// One over the columns that a window counts, for each output column; 0 for none.
  let columns: [Float]

  init(_ problem: PoolingProblem) {
    let window = problem.window
    let countsPadding = problem.reduction == .averageIncludingPadding
    func factors(
      outputs: Int, taps: Int, stride: Int, dilation: Int, before: Int, size: Int, after: Int
    ) -> [Float] {
      let counted = countsPadding ? -before..<size + after : 0..<size
      return (0..<outputs).map { output in
        let count = (0..<taps).count { counted.contains(output * stride + $0 * dilation - before) }
        return count == 0 ? 0 : 1 / Float(count)
      }
    }
    rows = factors(
      outputs: problem.output.height, taps: window.kernel.height, stride: window.stride.height,
      dilation: window.dilation.height, before: window.pads.top, size: problem.input.height, after: window.pads.bottom)
    columns = factors(
      outputs: problem.output.width, taps: window.kernel.width, stride: window.stride.width,
      dilation: window.dilation.width, before: window.pads.left, size: problem.input.width, after: window.pads.right)
  }
}

/// The kernel bound to its sizes.
private struct PreparedPoolingPlanes: PreparedKernel {
  let geometry: PoolingGeometry
  let batch: Int
  let channels: Int
  let isMaximum: Bool
  let function: MicroKernelFunction<PoolingPlanesArguments>
  let lanes: Int
  let columnFactors: PackedWeights
  let rowFactors: [Float]
  let tailMask: [Int32]
  /// The masks of a pooling of three columns that are two apart; nil for another.
  let tripleMasks: [Int32]?

  private var scratchCount: Int { geometry.scratchCount(lanes: lanes) }

  func workspaceSize(workers: Int) -> Int { workers * scratchCount * MemoryLayout<Float>.stride }

  func run(_ operands: LayerOperands, phase: Int, worker: Worker) {
    let height = geometry.outputHeight
    guard Worker.sharePlaces(mapSize: height * geometry.outputWidth, batch: batch, workers: worker.count) else {
      run(operands, worker, planes: worker.share(of: batch * channels), rows: 0..<height)
      return
    }
    let share = worker.share(of: batch * height)
    var first = share.lowerBound
    while first < share.upperBound {
      let image = first / height
      let end = min(share.upperBound, (image + 1) * height)
      run(
        operands, worker, planes: image * channels..<(image + 1) * channels,
        rows: first - image * height..<end - image * height)
      first = end
    }
  }

  /// Some output rows of some planes: all rows of lower planes, which start further down.
  private func run(_ operands: LayerOperands, _ worker: Worker, planes: Range<Int>, rows: Range<Int>) {
    if planes.isEmpty || rows.isEmpty { return }
    let top = rows.lowerBound * geometry.strideHeight - geometry.paddingTop
    let start = rows.lowerBound * geometry.outputWidth
    var part = geometry
    part.inputHeight = max(geometry.inputHeight - max(top, 0), 0)
    part.paddingTop = max(-top, 0)
    part.outputHeight = rows.count
    // Behind the last row there is slack, behind the others there are other workers' rows.
    part.capacity =
      rows.upperBound == geometry.outputHeight ? geometry.capacity - start : rows.count * geometry.outputWidth
    rowFactors.withUnsafeBufferPointer { rowFactors in
      tailMask.withUnsafeBufferPointer { tailMask in
        (tripleMasks ?? []).withUnsafeBufferPointer { triples in
          guard let rowFactors = rowFactors.baseAddress, let tailMask = tailMask.baseAddress else { return }
          var arguments = PoolingPlanesArguments(
            inputs: operands.input.base + max(top, 0) * geometry.inputWidth, inputPlanes: operands.input.planes,
            outputs: operands.output.base + start, outputPlanes: operands.output.planes, firstPlane: planes.lowerBound,
            planeCount: planes.count, geometry: part, columnFactors: columnFactors.start,
            rowFactors: rowFactors + rows.lowerBound, tailMask: tailMask,
            tripleMasks: tripleMasks == nil ? nil : triples.baseAddress,
            scratch: operands.workspace.assumingMemoryBound(to: Float.self) + worker.index * scratchCount,
            isMaximum: isMaximum)
          function(&arguments)
        }
      }
    }
  }
}
