public import LayerKernels
public import TuningDatabase

/// Decides by what was tuned: the network's profile where there is one, else the database's entry for the layer's problem,
/// else the nearest tuned problem. Layers that none of them knows are left to the next chooser.
public struct TunedChooser: KernelChooser {
  private let store: TuningStore
  private let profile: (layers: [String: NetworkProfile.Layer], source: String)?
  private let remainder: DeferredStore?

  /// A chooser from a store alone.
  public init(store: TuningStore) {
    self.store = store
    profile = nil
    remainder = nil
  }

  /// A chooser for one network: the store's profile of the network, inputs and threads, if there is one that still holds.
  ///
  /// - Parameter graph: the network as the passes leave it.
  public init(store: TuningStore, graph: Graph, threads: Int, allowedError: Double = 0) {
    self.init(store: store, key: graph.profileKey(threads: threads, allowedError: allowedError))
  }

  /// A chooser for the network of a profile's key.
  ///
  /// - Parameter remainder: reads what the store leaves out, when a layer is met that the profile does not answer for, such
  ///   as a conversion between layouts; nil where the store is all there is.
  public init(store: TuningStore, key: NetworkProfile.Key, remainder: (@Sendable () -> TuningStore?)? = nil) {
    self.store = store
    self.remainder = remainder.map(DeferredStore.init)
    let found = store.profile(key)
    profile = found.map { found in
      (Dictionary(found.profile.layers.map { ($0.node, $0) }, uniquingKeysWith: { first, _ in first }), found.source)
    }
  }

  /// Whether the store had a profile for the network.
  public var hasProfile: Bool { profile != nil }

  /// Whether the profile answers for every layer of a graph, so that nothing else of the database is needed.
  public func answers(allOf graph: Graph) -> Bool {
    guard let profile else { return false }
    return graph.nodes.allSatisfy { node in
      guard case .layer(let problem, _) = node.operation else { return true }
      return profile.layers[node.name]?.problem == problem.key
    }
  }

  /// The tuned choice, or nil.
  public func choice(for layer: LayerContext, in registry: KernelRegistry) throws -> LayerChoice? {
    let key = layer.problem.key
    if let profile, let chosen = profile.layers[layer.node], chosen.problem == key,
      let candidate = try? registry.candidate(
        named: chosen.kernel, configuration: chosen.configuration, for: layer.problem)
    {
      return LayerChoice(candidate, threads: chosen.threads, source: .profile(file: profile.source))
    }
    guard let tuned = (remainder?.store ?? store).choice(for: key, threads: layer.threads),
      let candidate = try? registry.candidate(
        named: tuned.kernel, configuration: tuned.record.configuration, for: layer.problem),
      // What is exact for a neighbour need not be so here.
      !candidate.errorClass.isApproximate
    else { return nil }
    switch tuned.provenance {
    case .exact(let source): return LayerChoice(candidate, source: .tuned(file: source))
    case .nearest(let other, let distance, let source):
      // Numbers that suit a neighbour need not be among those that the kernel offers here.
      guard registry.candidates(for: layer.problem).contains(where: { $0.name == candidate.name }) else { return nil }
      return LayerChoice(candidate, source: .nearest(problem: other.problem, distance: distance, file: source))
    case .heuristic: return nil
    }
  }
}

/// A store that is read when it is needed first.
private final class DeferredStore: Sendable {
  private let read: @Sendable () -> TuningStore?
  private let answer = Lock<TuningStore??>(nil)

  init(_ read: @escaping @Sendable () -> TuningStore?) { self.read = read }

  var store: TuningStore? {
    answer.withLock { answer in
      if let answer { return answer }
      let found = read()
      answer = .some(found)
      return found
    }
  }
}

/// Decides by a table from the name of a node to its candidate: what a tuner tries out.
public struct TableChooser: KernelChooser {
  /// The choices.
  public let choices: [String: LayerChoice]

  /// A chooser from a table.
  public init(_ choices: [String: LayerChoice]) { self.choices = choices }

  /// The table's choice, or nil.
  public func choice(for layer: LayerContext, in registry: KernelRegistry) throws -> LayerChoice? {
    guard let choice = choices[layer.node], choice.candidate.problem.key == layer.problem.key else { return nil }
    return choice
  }
}
