import LayerKernels

/// What is known of one kernel with one configuration on one problem.
public struct CandidateRecord: Hashable, Sendable {
  /// The kernel's name.
  public let kernel: KernelIdentifier
  /// The kernel's version when it was tried.
  public let version: Int
  /// The kernel's numbers; none when the kernel refused the problem as a whole.
  public let configuration: KernelConfiguration
  /// The layouts that the candidate reads and writes; nil when it never ran.
  public let layouts: OperandLayouts?
  /// Whether the kernel computes another function that comes near, and so competes only under an error budget.
  public let isApproximate: Bool
  /// What came of it.
  public internal(set) var verdict: Verdict
  /// Why, for a verdict that has no time.
  public let reason: String?
  /// The largest difference from the reference over the largest output magnitude; nil when it was not compared.
  public let maximumError: Double?
  /// Its time, for a verdict that has one.
  public internal(set) var time: MeasuredTime?
  /// When it was tried.
  public let measured: Timestamp
  /// The library's version when it was tried.
  public let library: LibraryVersion

  /// The longest reason that is kept, in characters.
  public static let maximumReasonLength = 1000

  /// A candidate that was timed.
  ///
  /// - Parameters:
  ///   - candidate: the kernel, its configuration and layouts.
  ///   - time: what timing gave.
  ///   - maximumError: the largest difference from the reference over the largest output magnitude.
  ///   - wasDropped: whether it was left out before the end. Which of the others won, ``TuningEntry/judge()`` says.
  public static func timed(
    _ candidate: Candidate, time: MeasuredTime, maximumError: Double?, wasDropped: Bool = false,
    measured: Timestamp = .now(), library: LibraryVersion = .current
  ) -> CandidateRecord {
    CandidateRecord(
      kernel: candidate.kernel, version: candidate.version, configuration: candidate.configuration,
      layouts: candidate.layouts, isApproximate: candidate.errorClass.isApproximate,
      verdict: wasDropped ? .dropped : .lost, maximumError: maximumError, time: time, measured: measured,
      library: library)
  }

  /// A candidate that is out of the race: wrong, crashed, or too slow to end.
  public static func failed(
    _ candidate: Candidate, _ failure: Failure, reason: String, maximumError: Double? = nil,
    measured: Timestamp = .now(), library: LibraryVersion = .current
  ) -> CandidateRecord {
    CandidateRecord(
      kernel: candidate.kernel, version: candidate.version, configuration: candidate.configuration,
      layouts: candidate.layouts, isApproximate: candidate.errorClass.isApproximate, verdict: failure.verdict,
      reason: reason, maximumError: maximumError, measured: measured, library: library)
  }

  /// A kernel that does not apply to the problem.
  public static func refused(
    kernel: KernelIdentifier, version: Int, reason: String, measured: Timestamp = .now(),
    library: LibraryVersion = .current
  ) -> CandidateRecord {
    CandidateRecord(
      kernel: kernel, version: version, verdict: .refused, reason: reason, measured: measured, library: library)
  }

  /// How a candidate can fail.
  public enum Failure: Hashable, Sendable {
    /// Its results differ from the reference, or it wrote where it must not.
    case wrong
    /// Its process ended or broke its limits.
    case crashed
    /// It did not end in time.
    case timedOut

    var verdict: Verdict {
      switch self {
      case .wrong: .wrong
      case .crashed: .crashed
      case .timedOut: .timedOut
      }
    }
  }

  init(
    kernel: KernelIdentifier, version: Int, configuration: KernelConfiguration = [:], layouts: OperandLayouts? = nil,
    isApproximate: Bool = false, verdict: Verdict, reason: String? = nil, maximumError: Double? = nil,
    time: MeasuredTime? = nil, measured: Timestamp, library: LibraryVersion
  ) {
    self.kernel = kernel
    self.version = max(version, 0)
    self.configuration = configuration
    self.layouts = layouts
    self.isApproximate = isApproximate
    self.verdict = verdict
    self.reason = reason.map { String($0.prefix(Self.maximumReasonLength)) }
    // A kernel that gave NaN has an error that no file can spell; its reason says so.
    self.maximumError = maximumError.flatMap { $0.isFinite && $0 >= 0 ? $0 : nil }
    self.time = time
    self.measured = measured
    self.library = library
  }

  /// The time's median if the candidate may win under the given error budget, relative to the largest output magnitude.
  public func competingTime(maximumError budget: Double) -> Double? {
    guard verdict.isTimed, let time else { return nil }
    if isApproximate {
      guard budget > 0, let error = maximumError, error <= budget else { return nil }
    }
    return time.medianNanoseconds
  }

  /// `direct.pointwise.pixels m=14,n=2`
  public var name: String { configuration.values.isEmpty ? kernel.name : "\(kernel) \(configuration)" }

  /// The fixed order of candidates in files, which also breaks ties: by kernel, then by the configuration's text.
  static func precedes(_ left: CandidateRecord, _ right: CandidateRecord) -> Bool {
    if left.kernel != right.kernel { return left.kernel < right.kernel }
    return left.configuration.description < right.configuration.description
  }
}
