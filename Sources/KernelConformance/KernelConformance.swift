import LayerKernels
import ReferenceKernels

/// Checks kernels against the definition of their operation, and says in words what is wrong with them.
///
/// A kernel is run on guarded memory full of poison: planes in a random order with gaps between them, NaN in the slack, in
/// the output and in the workspace, dense operands off their boundary. Its workers run one after the other in both
/// directions and at the same time. The result is compared with the reference kernels' 64-bit arithmetic, within what the
/// kernel's ``ErrorClass`` promises.
///
/// ```swift
/// let reports = try KernelConformance().check(MyDepthwise(), problems: ConformanceProblems.convolutions())
/// for report in reports where !report.isConforming { print(report) }
/// ```
public struct KernelConformance: Sendable {
  /// The seed of inputs and parameters.
  public let seed: UInt64
  /// The numbers of workers to run with.
  public let workerCounts: [Int]
  /// Whether a NaN among the inputs has to reach the output.
  public let checksNotANumber: Bool
  /// The most configurations of one problem to check, or nil for all.
  public let configurationLimit: Int?

  private let subjects: SubjectStore

  /// A check.
  ///
  /// - Parameters:
  ///   - seed: of inputs and parameters.
  ///   - workers: the numbers of workers to run with.
  ///   - checksNotANumber: whether a NaN among the inputs has to reach the output.
  ///   - configurationLimit: the most configurations of one problem to check; every configuration that any problem
  ///     offers is checked on at least one, whatever the limit.
  ///   - reference: the kernels to compare with; nil for the reference family, which knows the library's own operations.
  /// - Throws: ``KernelError`` when the reference family cannot be registered.
  public init(
    seed: UInt64 = 1, workers: [Int] = [1, 2, 3], checksNotANumber: Bool = false, configurationLimit: Int? = nil,
    reference: KernelRegistry? = nil
  ) throws(KernelError) {
    self.seed = seed
    workerCounts = workers.filter { $0 > 0 }
    self.checksNotANumber = checksNotANumber
    self.configurationLimit = configurationLimit
    var registry = reference ?? KernelRegistry()
    if reference == nil { try registerReferenceKernels(in: &registry) }
    subjects = SubjectStore(reference: registry, seed: seed)
  }

  /// Checks one candidate on its problem.
  ///
  /// - Throws: ``KernelError`` when no reference knows the problem; what is wrong with the candidate is in the report.
  public func check(_ candidate: Candidate) throws -> ConformanceReport {
    try check(candidate, workerCounts: workerCounts)
  }

  func check(_ candidate: Candidate, workerCounts: [Int]) throws -> ConformanceReport {
    let subject = try subjects.subject(for: candidate.problem)
    var report = ConformanceReport(candidate)
    let layouts = candidate.layouts.inputs.count
    guard layouts == subject.inputs.count else {
      report.add("declares \(layouts) input layouts, but the problem has \(subject.inputs.count) inputs")
      return report
    }
    let prepared: any PreparedKernel
    do { prepared = try candidate.prepare(parameters: subject.parameters) } catch {
      report.add("prepare refuses a configuration that the kernel offers: \(error)")
      return report
    }
    guard prepared.phaseCount >= 1 else {
      report.add("has \(prepared.phaseCount) phases, so that nothing would run")
      return report
    }
    for workers in workerCounts {
      let trial = try Trial(candidate, prepared, inputs: subject.inputs, workers: workers, report: &report)
      trial?.check(against: subject.expected, report: &report)
    }
    if checksNotANumber, report.isConforming { try checkNotANumber(candidate, prepared, subject, &report) }
    return report
  }

  private func checkNotANumber(
    _ candidate: Candidate, _ prepared: any PreparedKernel, _ subject: ConformanceSubject,
    _ report: inout ConformanceReport
  ) throws {
    let tainted = try subjects.tainted(subject)
    guard let trial = try Trial(candidate, prepared, inputs: tainted.inputs, workers: 1, report: &report) else {
      return
    }
    let output = trial.run(.ascending)
    let survives = output.withElements { output in
      tainted.expected.withElements { expected in zip(output, expected).contains { $0.isNaN && $1.isNaN } }
    }
    if !survives, tainted.expected.withElements({ $0.contains(where: \.isNaN) }) {
      report.add("a NaN among the inputs does not reach the output")
    }
  }
}
