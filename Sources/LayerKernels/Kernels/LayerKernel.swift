/// An implementation of one operation: what a kernel author writes, and all that the library knows of it.
///
/// A kernel's life has three steps. ``applicability(to:)`` says whether it can solve a problem, and if not why.
/// ``prepare(_:configuration:parameters:)`` runs once: it packs or transforms the weights and sizes the workspace.
/// ``PreparedKernel/run(_:phase:worker:)`` runs many times. A kernel is a small value without state of its own.
///
/// ```swift
/// struct MyDepthwise: LayerKernel {
///   let identifier: KernelIdentifier = "mine.depthwise"
///   let version = 1
///   func applicability(to problem: ConvolutionProblem) -> Applicability {
///     problem.isDepthwise ? .applies : .refused("is not depthwise")
///   }
///   func prepare(…) throws -> any PreparedKernel { … }
/// }
/// ```
public protocol LayerKernel<Problem>: Sendable {
  /// The operation that the kernel implements.
  associatedtype Problem: LayerProblem

  /// The stable name that databases use: `family.algorithm`, whatever the type is called.
  var identifier: KernelIdentifier { get }

  /// Names under which older databases may know the kernel.
  var aliases: [KernelIdentifier] { get }

  /// Counts up when a change may alter the kernel's time or result; stored times of another version are stale.
  var version: Int { get }

  /// Whether the kernel can solve the problem on this host, and if not, the reason in words a person can act on.
  func applicability(to problem: Problem) -> Applicability

  /// The fraction of the machine's arithmetic peak that the kernel's author expects on a problem that it applies to.
  ///
  /// Counted over the problem's own operations, so an algorithm that saves arithmetic may exceed 1. Where nobody has tuned,
  /// the kernel that expects most runs, and of equals the one registered first; where somebody has, only times count.
  func expectedEfficiency(for problem: Problem) -> Double

  /// The values of the kernel's tunable numbers worth trying on a problem that it applies to, the best guess first.
  ///
  /// The first is what runs where nobody has tuned. There is at least one.
  func configurations(for problem: Problem) -> [KernelConfiguration]

  /// Further values, which only a thorough search considers: the kernel's whole space, in no order, however large.
  ///
  /// Where a problem's candidates are too many to time all, a cost model picks some of them. What is among
  /// ``configurations(for:)`` may be repeated.
  func furtherConfigurations(for problem: Problem) -> [KernelConfiguration]

  /// The configuration that stands for this one and all that run alike where so many threads share the work.
  ///
  /// Of candidates that are alike the tuner times the first: how threads share the work makes no difference where there is
  /// one. What is returned need not be among ``configurations(for:)``; it only has to be the same for all that run alike.
  func canonicalConfiguration(
    _ configuration: KernelConfiguration, for problem: Problem, threads: Int
  ) -> KernelConfiguration

  /// The layouts that a configuration reads and writes.
  func layouts(for problem: Problem, configuration: KernelConfiguration) -> OperandLayouts

  /// What a configuration's results are worth.
  func errorClass(for problem: Problem, configuration: KernelConfiguration) -> ErrorClass

  /// The parameters as the kernel stores them, where it rounds them: on these its results are exact, up to the arithmetic's own
  /// rounding. Nil for a kernel that does something else.
  ///
  /// An approximate kernel is checked against the definition on these; what it errs on the parameters themselves is measured.
  ///
  /// - Throws: what ``prepare(_:configuration:parameters:)`` throws for parameters that it cannot store.
  func roundedParameters(_ parameters: Problem.Parameters, for problem: Problem) throws -> Problem.Parameters?

  /// Packs the parameters and sizes the workspace; what it returns runs without allocating, locking or throwing.
  ///
  /// Several threads may prepare layers at the same time.
  ///
  /// - Throws: ``KernelError`` when the configuration is none of this kernel's: databases may hold anything.
  func prepare(
    _ problem: Problem, configuration: KernelConfiguration, parameters: Problem.Parameters
  ) throws -> any PreparedKernel
}

extension LayerKernel {
  /// None.
  public var aliases: [KernelIdentifier] { [] }

  /// One half.
  public func expectedEfficiency(for problem: Problem) -> Double { 0.5 }

  /// One configuration without numbers.
  public func configurations(for problem: Problem) -> [KernelConfiguration] { [KernelConfiguration()] }

  /// None.
  public func furtherConfigurations(for problem: Problem) -> [KernelConfiguration] { [] }

  /// The configuration itself: it is like no other.
  public func canonicalConfiguration(
    _ configuration: KernelConfiguration, for problem: Problem, threads: Int
  ) -> KernelConfiguration { configuration }

  /// Row-major in, row-major out.
  public func layouts(for problem: Problem, configuration: KernelConfiguration) -> OperandLayouts {
    OperandLayouts(all: .rowMajor, inputCount: problem.inputShapes.count)
  }

  /// Exact up to rounding.
  public func errorClass(for problem: Problem, configuration: KernelConfiguration) -> ErrorClass { .exact() }

  /// Nil: the kernel does not round.
  public func roundedParameters(
    _ parameters: Problem.Parameters, for problem: Problem
  ) throws -> Problem.Parameters? { nil }

  /// The part of the identifier before the first dot.
  public var family: String { identifier.family }
}

/// A kernel bound to a problem, a configuration and its weights.
public protocol PreparedKernel: Sendable {
  /// Bytes of scratch memory that ``run(_:phase:worker:)`` needs when `workers` take part, for all of them together.
  ///
  /// The memory is 64-byte aligned; its contents are unspecified at the start of a run and kept between phases.
  func workspaceSize(workers: Int) -> Int

  /// How many phases a run has. Every worker finishes a phase before any begins the next.
  var phaseCount: Int { get }

  /// Does this worker's share of one phase. Allocates nothing, locks nothing, waits for nobody.
  ///
  /// - Parameters:
  ///   - operands: the inputs, the output and the workspace, in the layouts that the kernel declared.
  ///   - phase: from 0 to ``phaseCount`` − 1.
  ///   - worker: which of how many workers this call is.
  func run(_ operands: LayerOperands, phase: Int, worker: Worker)
}

extension PreparedKernel {
  /// None.
  public func workspaceSize(workers: Int) -> Int { 0 }

  /// One.
  public var phaseCount: Int { 1 }
}

/// Whether a kernel can solve a problem.
public enum Applicability: Hashable, Sendable {
  /// It can.
  case applies
  /// It cannot, and why: "needs stride 1, not 2".
  case refused(String)

  /// True for ``Applicability/applies``.
  public var isApplicable: Bool { self == .applies }
}

/// What a kernel's results are worth.
public enum ErrorClass: Hashable, Sendable {
  /// The operation's own definition up to the rounding of 32-bit floats: the largest error over the largest output
  /// magnitude stays within the tolerance.
  case exact(tolerance: Float = 1e-5)

  /// Another function that comes near. The error relative to the largest output magnitude, or nil where it depends on
  /// the weights and has to be measured. Competes only where the user allows an error.
  case approximate(relativeError: Float?)

  /// The largest error that the class allows, of the largest output; 0 where it claims none.
  package var tolerance: Double {
    switch self {
    case .exact(let tolerance): Double(tolerance)
    case .approximate(let error): Double(error ?? 0)
    }
  }

  /// True for ``ErrorClass/approximate(relativeError:)``.
  public var isApproximate: Bool {
    if case .approximate = self { true } else { false }
  }
}

/// Why a kernel could not be prepared.
public enum KernelError: Error, Equatable, CustomStringConvertible {
  /// The configuration's numbers are none that the kernel offers for the problem.
  case invalidConfiguration(kernel: KernelIdentifier, configuration: KernelConfiguration, reason: String)
  /// The kernel does not apply to the problem.
  case notApplicable(kernel: KernelIdentifier, problem: ProblemKey, reason: String)
  /// No kernel of that name is registered for the operation.
  case unknownKernel(name: String, operation: String)
  /// Two kernels claim one name.
  case duplicateIdentifier(KernelIdentifier)
  /// Two types of problems claim one operation's name.
  case conflictingOperation(String, kernel: KernelIdentifier)
  /// No registered kernel applies; each kernel's reason is listed.
  case noKernel(problem: ProblemKey, reasons: [String])
  /// Parameters of another type than the problem's were given.
  case parameterType(problem: ProblemKey)
  /// The system has no memory left for so many bytes of packed weights.
  case noMemory(byteCount: Int)

  /// One line that names the kernel, the problem and the reason.
  public var description: String {
    switch self {
    case .invalidConfiguration(let kernel, let configuration, let reason):
      "kernel \(kernel) cannot take configuration '\(configuration)': \(reason)"
    case .notApplicable(let kernel, let problem, let reason):
      "kernel \(kernel) does not apply to '\(problem)': \(reason)"
    case .unknownKernel(let name, let operation): "no kernel '\(name)' is registered for \(operation)"
    case .duplicateIdentifier(let identifier): "two kernels are called \(identifier); give one another identifier"
    case .conflictingOperation(let operation, let kernel):
      "kernel \(kernel) calls its operation '\(operation)', which is another type's; give it another name"
    case .noKernel(let problem, let reasons):
      "no kernel applies to '\(problem)'"
        + (reasons.isEmpty ? ": none is registered for the operation" : ": " + reasons.joined(separator: "; "))
    case .parameterType(let problem): "the parameters given for '\(problem)' are of another operation"
    case .noMemory(let byteCount):
      "the system has no memory for \(byteCount) bytes of packed weights; take a smaller network or raise the limit"
    }
  }
}
