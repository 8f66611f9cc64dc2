/// What came of a candidate.
public enum Verdict: String, Hashable, Sendable, CaseIterable {
  /// Timed to the end and chosen.
  case won
  /// Timed to the end and within the noise of the winner, which stands before it in the fixed order.
  case tied
  /// Timed to the end and slower than the winner.
  case lost
  /// Left out before the end, because its interval lay above the best one's.
  case dropped
  /// Faster than the winner but approximate: it competes only under an error budget.
  case inexact
  /// Its results differ from the reference by more than its error class allows.
  case wrong
  /// Its process ended or broke its limits: a signal, memory, a write outside its buffers.
  case crashed
  /// It did not end in time.
  case timedOut = "timed-out"
  /// The kernel refuses the problem.
  case refused = "does-not-apply"

  /// Whether the candidate has a time that can be compared.
  public var isTimed: Bool {
    switch self {
    case .won, .tied, .lost, .dropped, .inexact: true
    case .wrong, .crashed, .timedOut, .refused: false
    }
  }
}
