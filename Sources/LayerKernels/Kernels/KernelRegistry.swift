/// The registered kernels of each operation, in the order of registration.
///
/// A registry is a value: a program that adds a kernel of its own copies the standard one and registers into the copy.
public struct KernelRegistry: Sendable {
  private var kernelsByOperation: [String: any KernelGroup] = [:]
  private var operations: [String: any LayerProblem.Type] = [:]
  private var origins: [String: [KernelIdentifier: KernelOrigin]] = [:]

  /// A registry without kernels.
  public init() {}

  /// Adds a kernel after those that are already there.
  ///
  /// - Throws: ``KernelError/duplicateIdentifier(_:)`` when a kernel of the operation has the name or alias already;
  ///   ``KernelError/conflictingOperation(_:kernel:)`` when another type of problem has the operation's name.
  public mutating func register<Kernel: LayerKernel>(
    _ kernel: Kernel, from origin: KernelOrigin = .program
  ) throws(KernelError) {
    if let known = operations[Kernel.Problem.operation], known != Kernel.Problem.self {
      throw .conflictingOperation(Kernel.Problem.operation, kernel: kernel.identifier)
    }
    let group = kernelsByOperation[Kernel.Problem.operation] as? KernelsOfOperation<Kernel.Problem>
    var kernels = group?.kernels ?? []
    let names = [kernel.identifier] + kernel.aliases
    for other in kernels {
      let taken = [other.identifier] + other.aliases
      if let clash = names.first(where: taken.contains) { throw .duplicateIdentifier(clash) }
    }
    kernels.append(kernel)
    kernelsByOperation[Kernel.Problem.operation] = KernelsOfOperation(kernels: kernels)
    operations[Kernel.Problem.operation] = Kernel.Problem.self
    if origin != .program { origins[Kernel.Problem.operation, default: [:]][kernel.identifier] = origin }
  }

  /// Where a registered kernel comes from.
  public func origin<Kernel: LayerKernel>(of kernel: Kernel) -> KernelOrigin {
    origins[Kernel.Problem.operation]?[kernel.identifier] ?? .program
  }

  /// The kernels of a problem's operation, in order.
  public func kernels<Problem: LayerProblem>(for type: Problem.Type) -> [any LayerKernel<Problem>] {
    (kernelsByOperation[Problem.operation] as? KernelsOfOperation<Problem>)?.kernels ?? []
  }

  /// Every kernel: operations alphabetically, kernels in order.
  public var allKernels: [any LayerKernel] {
    kernelsByOperation.keys.sorted().flatMap { kernelsByOperation[$0]?.allKernels ?? [] }
  }

  /// The names of the operations that have a kernel.
  public var operationNames: [String] { operations.keys.sorted() }

  /// Reads a problem of any registered operation from its key.
  ///
  /// - Throws: ``ProblemError`` when the key is not one, or its operation has no kernel here.
  public func problem(for key: ProblemKey) throws(ProblemError) -> any LayerProblem {
    guard let type = operations[key.operation] else {
      throw .inconsistent(
        "no operation is called '\(key.operation)'; known are \(operationNames.joined(separator: ", "))")
    }
    let problem = try type.init(key: key)
    // Problems of other packages, which need not have asked.
    try key.check(against: problem)
    return problem
  }

  /// A registry of the same order with only the kernels that satisfy the predicate.
  public func filter(_ isIncluded: (any LayerKernel) -> Bool) -> KernelRegistry {
    var copy = self
    copy.kernelsByOperation = kernelsByOperation.mapValues { $0.filter(isIncluded) }
    return copy
  }
}

/// The kernels of one operation, whatever it is.
private protocol KernelGroup: Sendable {
  var allKernels: [any LayerKernel] { get }
  func filter(_ isIncluded: (any LayerKernel) -> Bool) -> any KernelGroup
}

/// The kernels of one operation. Their type says which, since asking each kernel whether it is of that type costs more than all
/// that a network's loading asks a registry.
private struct KernelsOfOperation<Problem: LayerProblem>: KernelGroup {
  let kernels: [any LayerKernel<Problem>]

  var allKernels: [any LayerKernel] { kernels.map { $0 as any LayerKernel } }

  func filter(_ isIncluded: (any LayerKernel) -> Bool) -> any KernelGroup {
    KernelsOfOperation(kernels: kernels.filter(isIncluded))
  }
}
