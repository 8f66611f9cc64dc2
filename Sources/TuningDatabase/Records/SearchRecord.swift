import LayerKernels

/// How a problem was tuned, once it was tuned to the end.
public struct SearchRecord: Hashable, Sendable {
  /// How thoroughly.
  public let effort: TuningEffort
  /// When it ended.
  public let finished: Timestamp
  /// What each kernel offered at that time: a kernel that now offers something else has to be tried again, alone.
  public let offers: [KernelOffer]
  /// The relative spread of the host's clock and load while it was measured; nil when nobody looked.
  public let noise: Double?
  /// Whether the host was too noisy to tell the winner from the others.
  public let isUncertain: Bool
  /// What else held while it was measured, by name: load, affinity, governor, wait policy, denormals, cache state.
  public let conditions: [String: String]

  /// A search that has ended.
  public init(
    effort: TuningEffort, finished: Timestamp = .now(), offers: [KernelOffer], noise: Double? = nil,
    isUncertain: Bool = false, conditions: [String: String] = [:]
  ) {
    self.effort = effort
    self.finished = finished
    self.offers = offers.sorted { $0.kernel < $1.kernel }
    self.noise = noise.flatMap { $0.isFinite && $0 >= 0 ? $0 : nil }
    self.isUncertain = isUncertain
    self.conditions = conditions
  }
}

/// The candidates that one kernel offered for a problem: version, how many, and a digest of their configurations.
public struct KernelOffer: Hashable, Sendable {
  /// The kernel's name.
  public let kernel: KernelIdentifier
  /// The kernel's version.
  public let version: Int
  /// How many configurations; 0 when the kernel refuses the problem.
  public let configurationCount: Int
  /// A ``StableHash`` of the configurations' texts in alphabetical order.
  public let digest: String

  /// What a kernel answers to a problem, as ``KernelRegistry/answers(for:threads:)`` gives it.
  public init(_ answer: KernelAnswer) {
    self.init(kernel: answer.kernel, version: answer.version, configurations: answer.candidates.map(\.configuration))
  }

  /// An offer of the given configurations.
  public init(kernel: KernelIdentifier, version: Int, configurations: [KernelConfiguration]) {
    var hash = StableHash()
    for text in configurations.map(\.description).sorted() { hash.combine(text) }
    self.init(
      kernel: kernel, version: version, configurationCount: configurations.count, uncheckedDigest: hash.digest)
  }

  init(kernel: KernelIdentifier, version: Int, configurationCount: Int, uncheckedDigest digest: String) {
    self.kernel = kernel
    self.version = version
    self.configurationCount = configurationCount
    self.digest = digest
  }
}
