import LayerKernels

/// The runs of one candidate with one number of workers, on operands that lie in one way.
struct Trial {
  private let errorClass: ErrorClass
  private let step: Float
  private let prepared: any PreparedKernel
  private let operands: GuardedOperands
  private let workspace: WorkspaceMemory
  private let workers: Int

  /// Memory for the runs; nil when there cannot be any, and the report says why.
  ///
  /// - Parameter errorClass: what the results are judged by in place of what the candidate declares.
  /// - Throws: `ProblemError` when the problem's own shapes cannot be laid out.
  init?(
    _ candidate: Candidate, _ prepared: any PreparedKernel, inputs: [Tensor], workers: Int,
    placement: OperandPlacement, errorClass: ErrorClass? = nil, report: inout ConformanceReport
  ) throws {
    let byteCount = prepared.workspaceSize(workers: workers)
    guard byteCount >= 0 else {
      report.add("asks for a workspace of \(byteCount) bytes")
      return nil
    }
    let layouts = candidate.layouts
    for (shape, layout) in zip(inputs.map(\.shape) + [candidate.problem.outputShape], layouts.inputs + [layouts.output])
    where layout != .rowMajor && shape.rank != 4 {
      report.add("declares the layout \(layout.rawValue) for an operand of shape \(shape), which is not of rank 4")
      return nil
    }
    self.errorClass = errorClass ?? candidate.errorClass
    step = candidate.problem.outputStep
    self.prepared = prepared
    self.workers = workers
    workspace = WorkspaceMemory(byteCount: byteCount)
    operands = try GuardedOperands(
      layouts, inputs: inputs, of: candidate.problem, placement: placement)
  }

  /// Runs once, on poisoned memory.
  func run(_ order: WorkerOrder) -> Tensor {
    operands.run(prepared, workspace: workspace, workers: workers, order: order)
    return operands.output.tensor()
  }

  /// Runs in every order and says what is wrong.
  func check(against expected: Tensor, report: inout ConformanceReport) {
    let first = run(.ascending)
    let damages = operands.damages() + (workspace.damage().map { [$0] } ?? [])
    for damage in damages { report.add(damage) }
    let comparison = OutputComparison(first, expected, errorClass: errorClass, step: step)
    report.note(error: comparison.maximumError)
    for issue in comparison.issues { report.add(workers == 1 ? issue : "with \(workers) workers, \(issue)") }
    // What reads poison or tramples on memory differs from run to run; that would only be said again.
    guard damages.isEmpty, comparison.issues.isEmpty else { return }
    if workers == 1 {
      if let place = difference(first, run(.ascending)) {
        report.add("is not deterministic: a second run with the same inputs differs at \(place)")
      }
    } else {
      if let place = difference(first, run(.descending)) {
        report.add("depends on the order in which its \(workers) workers run: the result differs at \(place)")
      }
      if let place = difference(first, run(.concurrent)) {
        report.add("gives another result when its \(workers) workers run at the same time: it differs at \(place)")
      }
    }
    for damage in operands.damages() + (workspace.damage().map { [$0] } ?? []) { report.add(damage) }
  }

  private func difference(_ first: Tensor, _ second: Tensor) -> String? {
    let index = first.withElements { a in
      second.withElements { b in a.indices.first { a[$0].bitPattern != b[$0].bitPattern } }
    }
    return index.map { "element \(first.shape.position(of: $0))" }
  }
}
