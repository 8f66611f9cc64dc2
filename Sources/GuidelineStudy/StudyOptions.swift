import Autotuner
import Luthier

/// How a study is run.
public struct StudyOptions: Hashable, Sendable {
  /// The thread counts that everything is timed with.
  public var threads: [Int]
  /// A kernel family that runs wherever it applies; nil means tuned kernels.
  public var family: String?
  /// Rounds in which the contestants are timed in turn.
  public var rounds: Int
  /// How thoroughly kernels are tuned.
  public var effort = TuningEffort.quick
  /// The folder of results, of the tuning database that belongs to them, and of the report.
  public var folder: String
  /// How large the networks are.
  public var size = Size.paper
  /// A Python with ONNX Runtime, which table 8 then has beside ours; nil for none.
  public var peerPython: String?

  /// How large the networks are.
  public enum Size: String, Hashable, Sendable, CaseIterable {
    /// The paper's sizes.
    case paper
    /// Small maps, few repeats and two networks: every path of the code in seconds, and figures that say nothing.
    case tiny
  }

  /// One thread and all that this process may use, tuned kernels.
  public init(folder: String, threads: [Int]? = nil, rounds: Int = 15) {
    self.folder = folder
    self.rounds = rounds
    let all = Processor.current.usableCores
    self.threads = threads ?? (all > 1 ? [1, all] : [1])
  }

  /// What two results have to share to stand in one report.
  var conditions: [String: String] {
    [
      "threads": threads.map(String.init).joined(separator: ","), "kernels": family ?? "tuned", "rounds": "\(rounds)",
      "effort": effort.rawValue, "size": size.rawValue, "library": LibraryVersion.current.description,
      "peer": peerPython == nil ? "none" : "onnxruntime",
    ]
  }
}
