import LayerKernels

/// The choices for one network with its inputs and threads on one platform.
public struct NetworkProfile: Hashable, Sendable {
  /// What profiles are told apart by.
  public struct Key: Hashable, Sendable {
    /// The network's name, such as `shufflenet_v2_x1_0`.
    public let network: String
    /// A digest of the network's graph: another graph of the same name has another profile.
    public let fingerprint: String
    /// The inputs' shapes, the batch first in each.
    public let inputShapes: [TensorShape]
    /// The most threads that take part.
    public let threads: Int
    /// The error that was allowed at the network's output, relative to its largest magnitude; 0 for exact kernels only.
    public let allowedError: Double

    /// A key; a thread count outside 1 to ``TuningEntry/maximumThreadCount`` becomes the nearest inside, and an allowed
    /// error that is no number from 0 to 1 becomes 0 or 1.
    public init(
      network: String, fingerprint: String, inputShapes: [TensorShape], threads: Int, allowedError: Double = 0
    ) {
      self.network = network
      self.fingerprint = fingerprint
      self.inputShapes = inputShapes
      self.threads = min(max(threads, 1), TuningEntry.maximumThreadCount)
      self.allowedError = allowedError > 0 ? min(allowedError, 1) : 0
    }

    /// Whether the keys differ in the network's name at most.
    func describesSameGraph(as other: Key) -> Bool {
      fingerprint == other.fingerprint && inputShapes == other.inputShapes && threads == other.threads
        && allowedError == other.allowedError
    }

    /// The first input's first size: how many images a run takes.
    public var batch: Int { inputShapes.first?.dimensions.first ?? 1 }
  }

  /// The choice for one layer.
  public struct Layer: Hashable, Sendable {
    /// The node's name in the graph.
    public let node: String
    /// The node's problem.
    public let problem: ProblemKey
    /// The kernel's name.
    public let kernel: KernelIdentifier
    /// The kernel's version.
    public let version: Int
    /// The kernel's numbers.
    public let configuration: KernelConfiguration
    /// The layouts that it reads and writes: where neighbours disagree, the network converts.
    public let layouts: OperandLayouts
    /// How many threads take part in this layer; at most the profile's.
    public let threads: Int

    /// A choice.
    public init(
      node: String, problem: ProblemKey, kernel: KernelIdentifier, version: Int, configuration: KernelConfiguration,
      layouts: OperandLayouts, threads: Int
    ) {
      self.node = node
      self.problem = problem
      self.kernel = kernel
      self.version = max(version, 0)
      self.configuration = configuration
      self.layouts = layouts
      self.threads = min(max(threads, 1), TuningEntry.maximumThreadCount)
    }

    /// The candidate's name, as ``CandidateRecord/name`` has it.
    public var candidateName: String { configuration.values.isEmpty ? kernel.name : "\(kernel) \(configuration)" }

    /// The choice of a candidate.
    public init(node: String, candidate: Candidate, threads: Int) {
      self.init(
        node: node, problem: candidate.problem.key, kernel: candidate.kernel, version: candidate.version,
        configuration: candidate.configuration, layouts: candidate.layouts, threads: threads)
    }
  }

  /// How long the whole network takes, measured in turn; nil for what was not measured.
  public struct Totals: Hashable, Sendable {
    /// With what runs where nobody has tuned.
    public let untuned: MeasuredTime?
    /// With each layer's own winner.
    public let layerWise: MeasuredTime?
    /// With this profile's choices.
    public let tuned: MeasuredTime?

    /// Three times.
    public init(untuned: MeasuredTime? = nil, layerWise: MeasuredTime? = nil, tuned: MeasuredTime? = nil) {
      self.untuned = untuned
      self.layerWise = layerWise
      self.tuned = tuned
    }
  }

  /// Which network, inputs, threads and allowed error.
  public let key: Key
  /// The choices, in the order of the graph.
  public let layers: [Layer]
  /// Choices about the graph itself, by name: what is fused, what stays apart.
  public let decisions: [String: String]
  /// The network's times.
  public let totals: Totals
  /// How thoroughly the layers were tuned: the least of them.
  public let effort: TuningEffort
  /// The error measured at the network's output, relative to its largest magnitude.
  public let maximumError: Double?
  /// When it was tuned.
  public let tuned: Timestamp
  /// The library's version when it was tuned.
  public let library: LibraryVersion

  /// The choices for a network.
  public init(
    key: Key, layers: [Layer], decisions: [String: String] = [:], totals: Totals = Totals(), effort: TuningEffort,
    maximumError: Double? = nil, tuned: Timestamp = .now(), library: LibraryVersion = .current
  ) {
    self.key = key
    self.layers = layers
    self.decisions = decisions
    self.totals = totals
    self.effort = effort
    self.maximumError = maximumError.flatMap { $0.isFinite && $0 >= 0 ? $0 : nil }
    self.tuned = tuned
    self.library = library
  }

  /// The choice for a node; nil when the profile has none.
  public func layer(_ node: String) -> Layer? { layers.first { $0.node == node } }
}

extension NetworkProfile.Key: Comparable, CustomStringConvertible {
  private var order: (String, String, Int, Double, String) {
    (network, inputShapes.map(\.description).joined(separator: ","), threads, allowedError, fingerprint)
  }

  /// By name, inputs, threads, allowed error and fingerprint: the order of files.
  public static func < (left: NetworkProfile.Key, right: NetworkProfile.Key) -> Bool { left.order < right.order }

  /// `shufflenet_v2_x1_0 1x3x224x224, 2 threads`
  public var description: String {
    "\(network) \(inputShapes.map(\.description).joined(separator: " ")), \(threads) "
      + (threads == 1 ? "thread" : "threads") + (allowedError > 0 ? ", error up to \(allowedError)" : "")
  }
}
