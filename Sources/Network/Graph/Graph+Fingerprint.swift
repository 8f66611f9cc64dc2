import LayerKernels
public import TuningDatabase

extension Graph {
  /// A digest of the graph's layers, movements and connections; names, weights and the order of branches do not count.
  ///
  /// Each value's digest is made from the operation that writes it and from the digests that the operation reads (a Merkle
  /// tree), so that the same network from another exporter, whose nodes stand in another order, has the same fingerprint.
  public var fingerprint: String {
    var digests: [ValueID: String] = [:]
    for (position, input) in inputs.enumerated() { digests[input] = "input \(position) \(self[input].shape)" }
    for node in nodes {
      var hash = StableHash()
      switch node.operation {
      case .layer(let problem, _): hash.combine(problem.key.description)
      case .movement(let movement):
        hash.combine(movement.digestText)
        hash.combine(self[node.output].shape.description)
      }
      for input in node.inputs { hash.combine(digests[input] ?? "constant \(self[input].shape)") }
      digests[node.output] = hash.digest
    }
    var hash = StableHash()
    for output in outputs { hash.combine(digests[output] ?? "constant \(self[output].shape)") }
    return hash.digest
  }

  private var fingerprintWithWeights: String {
    var hash = StableHash()
    hash.combine(fingerprint)
    hash.combine(weightsDigest)
    return hash.digest
  }

  /// What the graph's profile is kept under. The graph is the one that the passes leave.
  ///
  /// A profile that may err is kept under the weights, too: what approximate kernels err depends on them.
  public func profileKey(threads: Int, allowedError: Double = 0) -> NetworkProfile.Key {
    NetworkProfile.Key(
      network: name, fingerprint: allowedError > 0 ? fingerprintWithWeights : fingerprint,
      inputShapes: inputs.map { self[$0].shape }, threads: threads,
      allowedError: allowedError)
  }
}

extension Movement {
  fileprivate var digestText: String {
    switch self {
    case .reshape: "reshape"
    case .transpose(let permutation): "transpose \(Self.text(permutation))"
    case .gather(let axis, let indices): "gather \(axis) \(Self.text(indices))"
    case .concatenate(let axis): "concatenate \(axis)"
    case .pad(let before, let after, let value): "pad \(Self.text(before)) \(Self.text(after)) \(value)"
    case .expand: "expand"
    }
  }

  /// As an array describes itself, which takes ten times as long.
  private static func text(_ numbers: [Int]) -> String {
    var text = "["
    text.reserveCapacity(6 * numbers.count + 2)
    for (position, number) in numbers.enumerated() {
      if position > 0 { text += ", " }
      text += String(number)
    }
    text += "]"
    return text
  }
}
