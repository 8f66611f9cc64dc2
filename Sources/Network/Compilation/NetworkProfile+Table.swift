public import LayerKernels
public import TuningDatabase

extension NetworkProfile {
  /// The profile's choices for a graph's layers, for a ``TableChooser``; layers that the graph lacks are left out.
  ///
  /// - Throws: ``KernelError`` when a kernel is not registered or does not apply any more.
  public func table(for graph: Graph, in registry: KernelRegistry) throws -> [String: LayerChoice] {
    var choices: [String: LayerChoice] = [:]
    for node in graph.nodes {
      guard case .layer(let problem, _) = node.operation, let layer = layer(node.name), layer.problem == problem.key
      else { continue }
      let candidate = try registry.candidate(
        named: layer.kernel, configuration: layer.configuration, for: problem)
      choices[node.name] = LayerChoice(candidate, threads: layer.threads, source: .forced)
    }
    return choices
  }
}
