import LayerKernels

/// All that is known of one problem with one number of threads on one platform.
public struct TuningEntry: Hashable, Sendable {
  /// What entries are told apart by.
  public struct Key: Hashable, Sendable {
    /// The problem.
    public let problem: ProblemKey
    /// How many threads take part, from 1 to ``TuningEntry/maximumThreadCount``.
    public let threads: Int
    /// A digest of the layer's weights (``StableHash/digest(ofWeights:)``) for candidates whose error depends on them; nil
    /// for all others.
    public let weights: String?

    /// The problem's text: made once, since files are sorted and looked up by it.
    let text: String

    /// A key; a thread count outside its range becomes the nearest inside.
    public init(problem: ProblemKey, threads: Int, weights: String? = nil) {
      self.problem = problem
      text = problem.description
      self.threads = min(max(threads, 1), TuningEntry.maximumThreadCount)
      self.weights = weights
    }
  }

  /// Which problem, threads and weights.
  public let key: Key
  /// How the problem was tuned, the most thorough time that it was tuned to the end; nil when it never was.
  public internal(set) var search: SearchRecord?
  /// Every candidate that was considered, by kernel and configuration in alphabetical order.
  public internal(set) var candidates: [CandidateRecord]

  /// The most threads that are recorded.
  public static let maximumThreadCount = 65_536

  /// An entry without results, or with some of another place.
  ///
  /// Of several records of one kernel and configuration the newest stays, and of a kernel only its highest version.
  public init(key: Key, search: SearchRecord? = nil, candidates: [CandidateRecord] = []) {
    self.key = key
    self.search = search
    self.candidates = Self.union(candidates, [])
  }

  /// The candidate that was chosen; nil when none was timed.
  public var winner: CandidateRecord? { candidates.first { $0.verdict == .won } }

  /// The timed candidates that may win under an error budget, fastest first; the winner before every other exact one.
  ///
  /// - Parameter budget: the largest allowed error relative to the largest output magnitude; 0 for exact kernels only.
  public func ranking(maximumError budget: Double = 0) -> [CandidateRecord] {
    let competing = candidates.compactMap { record in
      record.competingTime(maximumError: budget).map { (record: record, time: $0) }
    }
    // The winner was not decided by medians alone: it stands before every exact candidate, however their medians lie.
    let fastestExact = competing.lazy.filter { !$0.record.isApproximate && $0.record.verdict != .dropped }.map(\.time)
      .min()
    func place(_ entry: (record: CandidateRecord, time: Double)) -> (Int, Double, Int) {
      let isWinner = entry.record.verdict == .won
      return (
        entry.record.verdict == .dropped ? 1 : 0, isWinner ? fastestExact ?? entry.time : entry.time, isWinner ? 0 : 1
      )
    }
    return competing.sorted { left, right in
      let (a, b) = (place(left), place(right))
      return a == b ? CandidateRecord.precedes(left.record, right.record) : a < b
    }.map(\.record)
  }

  /// The record of a kernel with a configuration.
  public func record(of kernel: KernelIdentifier, _ configuration: KernelConfiguration) -> CandidateRecord? {
    candidates.first { $0.kernel == kernel && $0.configuration == configuration }
  }

  /// Adds results, of which each replaces an older one of the same candidate, and judges again.
  public mutating func add(_ records: [CandidateRecord]) {
    candidates = Self.union(candidates, records)
    judge()
  }

  /// Says that the problem has been tuned to the end.
  public mutating func finish(_ search: SearchRecord) { self.search = search }
}

extension TuningEntry.Key: Comparable, CustomStringConvertible {
  /// Equal texts, threads and weights.
  public static func == (left: TuningEntry.Key, right: TuningEntry.Key) -> Bool {
    left.threads == right.threads && left.text == right.text && left.weights == right.weights
  }

  /// Hashes the text, the threads and the weights.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(text)
    hasher.combine(threads)
    hasher.combine(weights)
  }

  /// By the problem's text, then by threads, then by weights: the order of files.
  public static func < (left: TuningEntry.Key, right: TuningEntry.Key) -> Bool {
    (left.text, left.threads, left.weights ?? "") < (right.text, right.threads, right.weights ?? "")
  }

  /// The problem, the threads and, if any, the weights.
  public var description: String {
    "\(text), \(threads) \(threads == 1 ? "thread" : "threads")" + (weights.map { ", weights \($0)" } ?? "")
  }
}
