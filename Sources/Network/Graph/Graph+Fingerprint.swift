import LayerKernels
public import TuningDatabase

extension Graph {
  /// A digest of the graph's layers, movements and connections; names and weights do not count.
  public var fingerprint: String {
    var hash = StableHash()
    for input in inputs {
      hash.combine(UInt64(input.index))
      hash.combine(self[input].shape.description)
    }
    for node in nodes {
      switch node.operation {
      case .layer(let problem, _): hash.combine(problem.key.description)
      case .movement(let movement): hash.combine(movement.digestText)
      }
      for input in node.inputs { hash.combine(UInt64(input.index)) }
      hash.combine(UInt64(node.output.index))
    }
    for output in outputs { hash.combine(UInt64(output.index)) }
    return hash.digest
  }

  /// What the graph's profile is kept under. The graph is the one that the passes leave.
  public func profileKey(threads: Int, allowedError: Double = 0) -> NetworkProfile.Key {
    NetworkProfile.Key(
      network: name, fingerprint: fingerprint, inputShapes: inputs.map { self[$0].shape }, threads: threads,
      allowedError: allowedError)
  }
}

extension Movement {
  fileprivate var digestText: String {
    switch self {
    case .reshape: "reshape"
    case .transpose(let permutation): "transpose \(permutation)"
    case .gather(let axis, let indices): "gather \(axis) \(indices)"
    case .concatenate(let axis): "concatenate \(axis)"
    case .pad(let before, let after, let value): "pad \(before) \(after) \(value)"
    case .expand: "expand"
    }
  }
}
