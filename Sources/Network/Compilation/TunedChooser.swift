public import LayerKernels
public import TuningDatabase

/// Decides by what was tuned: the network's profile where there is one, else the database's entry for the layer's problem,
/// else the nearest tuned problem. Layers that none of them knows are left to the next chooser.
public struct TunedChooser: KernelChooser {
  private let store: TuningStore
  private let profile: (layers: [String: NetworkProfile.Layer], source: String)?

  /// A chooser from a store alone.
  public init(store: TuningStore) {
    self.store = store
    profile = nil
  }

  /// A chooser for one network: the store's profile of the network, inputs and threads, if there is one that still holds.
  ///
  /// - Parameter graph: the network as the passes leave it.
  public init(store: TuningStore, graph: Graph, threads: Int, allowedError: Double = 0) {
    self.store = store
    let found = store.profile(graph.profileKey(threads: threads, allowedError: allowedError))
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
    guard let tuned = store.choice(for: key, threads: layer.threads),
      let candidate = try? registry.candidate(
        named: tuned.kernel, configuration: tuned.record.configuration, for: layer.problem)
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
