import Autotuner

/// What a study tells while it works.
public enum StudyEvent: Sendable {
  /// An experiment begins; so many of all are done.
  case began(Experiment, index: Int, count: Int)
  /// An experiment's result was there already.
  case resumed(Experiment, index: Int, count: Int)
  /// The experiment's part that is done, 0 to 1, and what it does now.
  case progress(done: Double, String)
}
