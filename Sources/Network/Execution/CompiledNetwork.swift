import HostPlatform
public import LayerKernels

/// A network that is ready to run: kernels chosen, weights packed, memory planned.
///
/// It never changes, so any number of threads may run it at the same time; each run works in an ``ExecutionContext`` of its
/// own.
///
/// ```swift
/// let network = try CompiledNetwork(graph, registry: .standard())
/// let scores = try network.run([image])[0]
/// ```
public final class CompiledNetwork: Sendable {
  /// A name and a shape: what is known of an input or output.
  public struct Port: Hashable, Sendable {
    /// The name that the model's file uses.
    public let name: String
    /// The sizes, `[N, C, H, W]` for images.
    public let shape: TensorShape
  }

  /// The network's name.
  public let name: String
  /// What a caller provides, in order.
  public let inputs: [Port]
  /// What a caller receives, in order.
  public let outputs: [Port]
  /// How many threads run the network.
  public let threads: Int
  /// The steps in their order.
  public let layers: [CompiledLayer]
  /// Channel shuffles, splits and concatenations that move no bytes: they permute lists of planes when the network is
  /// compiled, and no step is left of them.
  public var freeMovements: [String] { program.freeMovements }
  /// Elements of the memory that activations share, for one context.
  public let arenaSize: Int

  let program: Program
  let team: ThreadTeam
  private let spares = Lock<[ExecutionContext]>([])

  /// Rewrites the graph, chooses a candidate for each layer, packs the weights and plans the memory.
  ///
  /// - Throws: ``CompilationError``, ``KernelError`` when no kernel applies to a layer, or what a chooser throws.
  ///
  /// Hand the graph over where it is not needed any more: weights are then freed as soon as they are packed, and loading
  /// needs the memory of one copy of them.
  public init(
    _ graph: consuming Graph, registry: KernelRegistry, options: CompilationOptions = CompilationOptions()
  ) throws {
    guard CompilationOptions.allowedThreads.contains(options.threads) else {
      throw CompilationError.threads(options.threads, allowed: CompilationOptions.allowedThreads)
    }
    if !options.passes.isEmpty { graph = try graph.applying(options.passes) }
    name = graph.name
    inputs = graph.inputs.map { Port(name: graph[$0].name, shape: graph[$0].shape) }
    outputs = graph.outputs.map { Port(name: graph[$0].name, shape: graph[$0].shape) }
    threads = options.threads
    team = try ThreadTeam(threads: options.threads)
    program = try Program(
      Lowering.plan(
        consume graph, registry: registry, choosers: options.choosers, threads: options.threads,
        inputLayout: options.inputLayout), threads: options.threads, packing: options.packing)
    layers = program.layers
    arenaSize = program.arenaSize
    try checkMemory(limit: options.memoryLimit)
  }

  /// Before anybody makes a context: what cannot be allocated ends the process.
  private func checkMemory(limit: Int?) throws(CompilationError) {
    let elements = (inputs + outputs).reduce(arenaSize) { $0 + $1.shape.elementCount }
    let needed = elements * MemoryLayout<Float>.stride + program.workspaceSize
    // Every machine has so little, and asking the system takes longer than to compile a small network.
    if limit == nil, needed <= 16 << 20 { return }
    let limit = limit ?? MemoryLimit.bytes
    guard needed <= limit else { throw .memoryLimit(needed: needed, limit: limit) }
  }

  /// Memory for one run at a time. Programs that run often keep one for each of their threads.
  public func makeContext() -> ExecutionContext { ExecutionContext(self) }

  /// Runs the network once in a context that is kept for the next call.
  ///
  /// - Throws: ``RunError`` when the inputs are not of the network's shapes.
  public func run(_ tensors: [Tensor]) throws(RunError) -> [Tensor] {
    let context = borrowContext()
    defer { giveBack(context) }
    return try context.run(tensors)
  }

  /// Runs the network once on the caller's memory, in a context that is kept for the next call.
  ///
  /// As ``ExecutionContext/run(unsafeInputs:outputs:)``; borrowing the context takes a short lock.
  public func run(
    unsafeInputs inputs: UnsafePointer<UnsafePointer<Float>>,
    outputs: UnsafePointer<UnsafeMutablePointer<Float>>
  ) {
    let context = borrowContext()
    context.run(unsafeInputs: inputs, outputs: outputs)
    giveBack(context)
  }

  private func borrowContext() -> ExecutionContext { spares.withLock { $0.popLast() } ?? ExecutionContext(self) }

  /// A burst of callers makes as many contexts; of these as many stay as can run at the same time.
  private func giveBack(_ context: ExecutionContext) {
    spares.withLock { if $0.count < Self.spareLimit { $0.append(context) } }
  }

  /// The most contexts that wait for a call.
  static let spareLimit = max(2, Processor.current.usableCores)

  /// Why fewer threads than ``threads`` run the network, in one line; nil where the system has them.
  package var threadShortage: String? { team.shortage }

  /// How many contexts wait for a call.
  package var spareCount: Int { spares.withLock { $0.count } }
}

/// One step of a compiled network, for tables.
public struct CompiledLayer: Sendable {
  /// The node's name, or what a conversion converts.
  public let name: String
  /// What is solved, by whom and why.
  public let choice: LayerChoice
  /// How many threads share the layer.
  public let threads: Int
  /// True for a conversion between layouts that no node of the graph asks for.
  public let isConversion: Bool

  /// The problem that the step solves.
  public var problem: any LayerProblem { choice.candidate.problem }
}

/// Why a network could not be run.
public enum RunError: Error, Equatable, CustomStringConvertible {
  /// There are more or fewer inputs than the network has.
  case inputCount(expected: Int, found: Int)
  /// An input has another shape.
  case inputShape(name: String, expected: TensorShape, found: TensorShape)

  /// One line that names the input.
  public var description: String {
    switch self {
    case .inputCount(let expected, let found): "the network has \(expected) inputs, but \(found) were given"
    case .inputShape(let name, let expected, let found): "input '\(name)' is \(expected), but \(found) was given"
    }
  }
}
