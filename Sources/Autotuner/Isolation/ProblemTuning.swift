public import LayerKernels
public import TuningDatabase

/// Somebody who finds the fastest right candidate of a problem.
public protocol ProblemTuning {
  /// Tunes a problem for a number of threads; see ``ProblemTuner/tune(_:threads:known:cancellation:report:)``.
  ///
  /// - Throws: ``TuningError``, or what an oracle throws.
  func tune(
    _ problem: any LayerProblem, threads: Int, known: TuningEntry?, cancellation: Cancellation,
    report: (TuningEvent) -> Void
  ) throws -> TuningEntry
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
