import LayerKernels

/// What a check found out about one candidate.
public struct ConformanceReport: Sendable, CustomStringConvertible {
  /// The kernel with its configuration, as `direct.pointwise.pixels m=14,n=2`.
  public let candidate: String
  /// The problem it was checked on; nil when the report is about the kernel's answers.
  public let problem: ProblemKey?
  /// What is wrong, a sentence each; empty when nothing is.
  public private(set) var issues: [String] = []
  /// The largest error found over the largest output magnitude of the reference.
  public private(set) var maximumError: Double = 0

  /// Whether nothing is wrong.
  public var isConforming: Bool { issues.isEmpty }

  init(_ candidate: Candidate) {
    self.candidate = candidate.name
    problem = candidate.problem.key
  }

  init(kernel: KernelIdentifier) {
    candidate = kernel.name
    problem = nil
  }

  /// Adds a sentence unless it is there already.
  mutating func add(_ issue: String) {
    if !issues.contains(issue) { issues.append(issue) }
  }

  mutating func note(error: Double) { maximumError = max(maximumError, error) }

  /// The candidate, the problem and what is wrong, a line each.
  public var description: String {
    let subject = problem.map { "\(candidate) on '\($0)'" } ?? candidate
    if isConforming { return "\(subject): conforms, error \(Float(maximumError))" }
    return issues.map { "\(subject): \($0)" }.joined(separator: "\n")
  }
}
