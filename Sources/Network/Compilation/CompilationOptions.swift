public import LayerKernels

/// How a network is compiled.
public struct CompilationOptions: Sendable {
  /// Threads that run the network, 1 to ``allowedThreads``'s end.
  public var threads: Int
  /// Who decides which candidate runs a layer, asked in order; the static cost model answers last.
  public var choosers: [any KernelChooser]
  /// The rewritings of the graph before it is lowered.
  public var passes: [GraphPass]
  /// How callers lay out inputs of rank 4: ``TensorLayout/rowMajor`` or ``TensorLayout/channelsLast``.
  public var inputLayout: TensorLayout
  /// The most bytes that a run's activations, workspace, inputs and outputs may take together; nil for as much as this
  /// process can have.
  public var memoryLimit: Int?
  /// How the kernels get their packed weights.
  package var packing = Packing.packed

  /// The thread counts that can be asked for.
  public static let allowedThreads = 1...1024

  /// One thread, the static cost model, all passes, row-major inputs, as much memory as there is.
  public init(
    threads: Int = 1, choosers: [any KernelChooser] = [], passes: [GraphPass] = GraphPass.standard,
    inputLayout: TensorLayout = .rowMajor, memoryLimit: Int? = nil
  ) {
    self.threads = threads
    self.choosers = choosers
    self.passes = passes
    self.inputLayout = inputLayout
    self.memoryLimit = memoryLimit
  }
}
