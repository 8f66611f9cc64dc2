import LayerKernels
import ReferenceKernels

/// Checks kernels against the definition of their operation, and says in words what is wrong with them.
///
/// A kernel is run on guarded memory full of poison: planes in a random order with gaps between them, NaN in the slack, in
/// the output and in the workspace, dense operands off their boundary. Its workers run one after the other in both
/// directions and at the same time. Then its inputs share memory, and hold a NaN and an infinity. The result is compared with
/// the reference kernels' 64-bit arithmetic, within what the kernel's `ErrorClass` promises.
///
/// ```swift
/// let reports = try KernelConformance().check(MyDepthwise(), problems: ConformanceProblems.convolutions())
/// for report in reports where !report.isConforming { print(report) }
/// ```
///
/// An operation that the library does not know needs a kernel that defines it, and problems of one's own:
///
/// ```swift
/// let conformance = try KernelConformance(definitions: [ReferenceMish()])
/// let reports = try conformance.check(VectorMish(), problems: [MishProblem(shape: …), …])
/// ```
public struct KernelConformance: Sendable {
  /// The seed of inputs and parameters.
  public let seed: UInt64
  /// The numbers of workers to run with.
  public let workerCounts: [Int]
  /// Whether a NaN among the inputs has to reach every element that it touches.
  public let checksNotANumber: Bool
  /// Whether an infinity among the inputs has to reach every element that it touches, and no plane that it does not.
  public let checksInfinity: Bool
  /// The most configurations of one problem to check, or nil for all.
  public let configurationLimit: Int?

  private let subjects: SubjectStore

  /// A check.
  ///
  /// - Parameters:
  ///   - seed: of inputs and parameters.
  ///   - workers: the numbers of workers to run with.
  ///   - checksNotANumber: whether a NaN among the inputs has to reach every element that it touches.
  ///   - checksInfinity: the same of an infinity.
  ///   - configurationLimit: the most configurations of one problem to check; every configuration that any problem
  ///     offers is checked on at least one, whatever the limit.
  ///   - reference: the kernels to compare with; nil for the reference family, which knows the library's own operations.
  ///   - definitions: more kernels to compare with, for operations of one's own.
  /// - Throws: `KernelError` when a reference cannot be registered.
  public init(
    seed: UInt64 = 1, workers: [Int] = [1, 2, 3, 7], checksNotANumber: Bool = true, checksInfinity: Bool = true,
    configurationLimit: Int? = nil, reference: KernelRegistry? = nil, definitions: [any LayerKernel] = []
  ) throws(KernelError) {
    self.seed = seed
    workerCounts = workers.filter { $0 > 0 }
    self.checksNotANumber = checksNotANumber
    self.checksInfinity = checksInfinity
    self.configurationLimit = configurationLimit
    var registry = reference ?? KernelRegistry()
    if reference == nil { try registerReferenceKernels(in: &registry) }
    for definition in definitions { try registry.register(definition) }
    subjects = SubjectStore(reference: registry, seed: seed)
  }

  /// Checks one candidate on its problem.
  ///
  /// - Throws: `KernelError` when no reference knows the problem; what is wrong with the candidate is in the report.
  public func check(_ candidate: Candidate) throws -> ConformanceReport {
    try check(candidate, workerCounts: workerCounts)
  }

  func check(_ candidate: Candidate, workerCounts: [Int]) throws -> ConformanceReport {
    let plain = try subjects.subject(for: candidate.problem)
    var report = ConformanceReport(candidate)
    let layouts = candidate.layouts.inputs.count
    guard layouts == plain.inputs.count else {
      report.add("declares \(layouts) input layouts, but the problem has \(plain.inputs.count) inputs")
      return report
    }
    let prepared: any PreparedKernel
    let rounded: ConformanceSubject?
    do {
      prepared = try candidate.prepare(parameters: plain.parameters)
      rounded = try subjects.roundedSubject(for: candidate)
    } catch {
      report.add("prepare refuses a configuration that the kernel offers: \(error)")
      return report
    }
    guard prepared.phaseCount >= 1 else {
      report.add("has \(prepared.phaseCount) phases, so that nothing would run")
      return report
    }
    if rounded != nil { try noteError(of: candidate, prepared, plain, &report) }
    for workers in workerCounts {
      try run(candidate, prepared, rounded ?? plain, OperandPlacement(variant: workers), workers: workers, &report)
    }
    // What is wrong already would only be said again.
    if report.isConforming { try checkSharedInputs(candidate, prepared, &report) }
    guard report.isConforming else { return report }
    if checksNotANumber { try checkNonFinite(candidate, prepared, .notANumber, &report) }
    if checksInfinity { try checkNonFinite(candidate, prepared, .infinity, &report) }
    return report
  }

  /// Notes what a kernel that rounds its parameters errs on the parameters themselves, which none of its other checks sees.
  private func noteError(
    of candidate: Candidate, _ prepared: any PreparedKernel, _ plain: ConformanceSubject,
    _ report: inout ConformanceReport
  ) throws {
    var aside = ConformanceReport(candidate)
    let trial = try Trial(
      candidate, prepared, inputs: plain.inputs, workers: 1, placement: OperandPlacement(variant: 1),
      report: &aside)
    trial?.check(against: plain.expected, report: &aside)
    report.note(error: aside.maximumError)
    for issue in aside.issues { report.add(issue) }
  }

  /// What a candidate is judged by beside a subject: a kernel that rounds its parameters computes with those exactly.
  private func errorClass(of candidate: Candidate) throws -> ErrorClass {
    try subjects.roundedSubject(for: candidate) == nil ? candidate.errorClass : .exact()
  }

  /// What is wrong when the kernel runs with so many workers on operands that lie so.
  private func issues(
    of candidate: Candidate, _ prepared: any PreparedKernel, _ subject: ConformanceSubject,
    _ placement: OperandPlacement, workers: Int
  ) throws -> ConformanceReport {
    var report = ConformanceReport(candidate)
    let trial = try Trial(
      candidate, prepared, inputs: subject.inputs, workers: workers, placement: placement,
      errorClass: errorClass(of: candidate), report: &report)
    trial?.check(against: subject.expected, report: &report)
    return report
  }

  /// Runs with one number of workers, and says of a kernel that is wrong whether it is the alignment that it cannot bear.
  private func run(
    _ candidate: Candidate, _ prepared: any PreparedKernel, _ subject: ConformanceSubject,
    _ placement: OperandPlacement, workers: Int, _ report: inout ConformanceReport
  ) throws {
    let found = try issues(of: candidate, prepared, subject, placement, workers: workers)
    report.note(error: found.maximumError)
    guard !found.isConforming else { return }
    var aligned = placement
    aligned.isAligned = true
    let layouts = candidate.layouts.inputs + [candidate.layouts.output]
    let isMisaligned = placement.offset != 0 && layouts.contains { $0 != .planeList }
    let bearsOthers =
      try isMisaligned && issues(of: candidate, prepared, subject, aligned, workers: workers).isConforming
    let prefix =
      bearsOthers ? "with dense operands \(placement.offset) elements past a 64-byte boundary, " : ""
    for issue in found.issues { report.add(prefix + issue) }
  }

  /// Runs on inputs that share memory: as an activation that is added to itself, and channels that are taken twice.
  private func checkSharedInputs(
    _ candidate: Candidate, _ prepared: any PreparedKernel, _ report: inout ConformanceReport
  ) throws {
    let subject =
      try subjects.roundedSubject(for: candidate, .repeated) ?? subjects.subject(for: candidate.problem, .repeated)
    guard GuardedOperands.canShareMemory(candidate.layouts, inputs: subject.inputs) else { return }
    let shared = OperandPlacement(variant: 1, sharesMemory: true)
    let found = try issues(of: candidate, prepared, subject, shared, workers: 1)
    guard !found.isConforming else { return }
    let apart = try issues(of: candidate, prepared, subject, OperandPlacement(variant: 1), workers: 1)
    let prefix = apart.isConforming ? "with inputs that share memory, " : ""
    for issue in found.issues { report.add(prefix + issue) }
  }

  private func checkNonFinite(
    _ candidate: Candidate, _ prepared: any PreparedKernel, _ kind: InputKind, _ report: inout ConformanceReport
  ) throws {
    let touched = try subjects.subject(for: candidate.problem, .notANumber)
    let tainted = try subjects.subject(for: candidate.problem, kind)
    let trial = try Trial(
      candidate, prepared, inputs: tainted.inputs, workers: 1, placement: OperandPlacement(variant: 1), report: &report)
    guard let trial else { return }
    let comparison = NonFiniteComparison(trial.run(.ascending), tainted.expected, touched: touched.expected)
    for issue in comparison.issues(kind, errorClass: candidate.errorClass) { report.add(issue) }
  }
}
