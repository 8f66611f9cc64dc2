import LayerKernels
import MicroKernels

/// Pooling from planes to planes, columns along the lanes: first the rows of the windows, then their columns; windows of three
/// columns that are two apart without scratch memory.
public struct PoolingPlanes: LayerKernel {
  /// `direct.pooling.planes`
  public let identifier: KernelIdentifier = "direct.pooling.planes"
  /// The third: windows of three columns that are two apart do not look past the last of them.
  public let version = 3
  private let set: MicroKernelSet

  /// The kernel on an instruction set.
  public init(_ set: MicroKernelSet) { self.set = set }

  /// Any pooling whose rows are not absurdly long.
  public func applicability(to problem: PoolingProblem) -> Applicability {
    PlanePooling.refusal(of: problem, set).map { .refused($0) } ?? .applies
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
    return PreparedPoolingPlanes(pooling: PlanePooling(problem, set))
  }
}

/// The kernel bound to its sizes.
private struct PreparedPoolingPlanes: PreparedKernel {
  let pooling: PlanePooling

  func workspaceSize(workers: Int) -> Int { workers * pooling.scratchCount * MemoryLayout<Float>.stride }

  func run(_ operands: LayerOperands, phase: Int, worker: Worker) {
    let problem = pooling.problem
    let scratch = operands.workspace.assumingMemoryBound(to: Float.self) + worker.index * pooling.scratchCount
    worker.forEachShare(
      batch: problem.batch, channels: problem.channels, height: problem.output.height, width: problem.output.width
    ) { planes, rows in
      pooling.run(
        inputs: operands.input.base, inputPlanes: operands.input.planes, operands.output, planes: planes, rows: rows,
        scratch: scratch)
    }
  }
}
