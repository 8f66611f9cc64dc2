public import LayerKernels
public import TuningDatabase

/// Somebody who finds the fastest right candidate of a problem.
public protocol ProblemTuning {
  /// Tunes a problem for a number of threads; see ``ProblemTuner/tune(_:threads:known:among:cancellation:report:)``.
  ///
  /// - Throws: ``TuningError``, or what an oracle throws.
  func tune(
    _ problem: any LayerProblem, threads: Int, known: TuningEntry?, among chosen: Set<String>?,
    cancellation: Cancellation,
    report: (TuningEvent) -> Void
  ) throws -> TuningEntry
}

extension ProblemTuning {
  /// Tunes a problem with every candidate that the effort allows.
  ///
  /// - Throws: ``TuningError``, or what an oracle throws.
  public func tune(
    _ problem: any LayerProblem, threads: Int, known: TuningEntry? = nil, cancellation: Cancellation,
    report: (TuningEvent) -> Void
  ) throws -> TuningEntry {
    try tune(problem, threads: threads, known: known, among: nil, cancellation: cancellation, report: report)
  }
}

/// A candidate that must not run again, and why.
struct Disqualification: Codable, Hashable, Sendable {
  /// The candidate's name.
  let candidate: String
  /// What it did, in words.
  let reason: String
  /// Whether it did not end; else its process died.
  let isTimeout: Bool
}
