public import LayerKernels
public import TuningDatabase
import Synchronization

/// What a tuner tells while it works; a program shows it as it likes.
public enum TuningEvent: Sendable {
  /// A problem's turn has come.
  case began(problem: ProblemKey, threads: Int, index: Int, count: Int)
  /// A candidate is being checked or timed; the best time so far in nanoseconds.
  case trying(candidate: String, position: Int, count: Int, best: Double?)
  /// The candidates that were found right and near the best race now.
  case racing(candidates: [String])
  /// One sample is about to be taken of a candidate, by its position among those that race.
  case timing(position: Int)
  /// The best candidates' times were spread by so much of their median that the decision is repeated, or is marked uncertain.
  case noisy(spread: Double, isRepeated: Bool)
  /// A problem is done.
  case finished(TuningEntry, index: Int, count: Int)
  /// Nothing was to do: the database had it.
  case known(TuningEntry, index: Int, count: Int)
  /// Something that the user should know, such as a noisy host.
  case note(String)
}

/// Lets somebody else, such as a signal handler, ask a tuner to stop.
public final class Cancellation: Sendable {
  private let flag = Atomic<Bool>(false)

  /// Nobody has asked yet.
  public init() {}

  /// Asks the tuner to stop after the run in hand. Safe in a signal handler.
  public func cancel() { flag.store(true, ordering: .relaxed) }

  /// Whether somebody has asked.
  public var isCancelled: Bool { flag.load(ordering: .relaxed) }

  func check() throws(TuningError) {
    if isCancelled { throw .interrupted }
  }
}

/// Why tuning ended early.
public enum TuningError: Error, Equatable, CustomStringConvertible {
  /// Somebody asked for it; what was finished is in the journal.
  case interrupted
  /// No candidate of a problem gave right results in usable time.
  case noCandidate(problem: ProblemKey, reasons: [String])
  /// The process in which candidates run could not be started, or ended without one to blame.
  case worker(reason: String)

  /// One line.
  public var description: String {
    switch self {
    case .interrupted: "stopped; what was finished is kept, and the same command goes on from there"
    case .worker(let reason): "the process in which candidates run: \(reason)"
    case .noCandidate(let problem, let reasons):
      "no kernel solves '\(problem)'" + (reasons.isEmpty ? "" : ": " + reasons.joined(separator: "; "))
    }
  }
}
