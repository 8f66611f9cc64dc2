public import LayerKernels

/// The candidate that runs one layer, and why it.
public struct LayerChoice: Sendable {
  /// The kernel and its configuration.
  public var candidate: Candidate
  /// How many threads share the layer; nil for all of the network's.
  public var threads: Int?
  /// Where the choice came from.
  public var source: Source

  /// Where a choice came from.
  public enum Source: Hashable, Sendable, CustomStringConvertible {
    /// The caller named it.
    case forced
    /// The network's profile in a file.
    case profile(file: String)
    /// A tuned problem equal to this one.
    case tuned(file: String)
    /// The nearest tuned problem, at a distance that the database defines.
    case nearest(problem: ProblemKey, distance: Double, file: String)
    /// Nothing was tuned: the static cost model.
    case heuristic

    /// A few words for tables and logs.
    public var description: String {
      switch self {
      case .forced: "forced"
      case .profile(let file): "exact, the network's profile in \(file)"
      case .tuned(let file): "exact, the problem in \(file)"
      case .nearest(let problem, let distance, let file):
        "nearest, \(problem) at distance \((distance * 100).rounded() / 100) in \(file)"
      case .heuristic: "heuristic"
      }
    }
  }

  /// A choice.
  public init(_ candidate: Candidate, threads: Int? = nil, source: Source) {
    self.candidate = candidate
    self.threads = threads
    self.source = source
  }
}

/// One layer as a chooser sees it.
public struct LayerContext: Sendable {
  /// The node's name; empty for a conversion that the network needs between two layers.
  public let node: String
  /// What is to be solved.
  public let problem: any LayerProblem
  /// For each input, the layouts that are there without a conversion.
  public let availableLayouts: [Set<TensorLayout>]
  /// How many threads the network runs on.
  public let threads: Int

  /// A layer that is to be decided on.
  package init(
    node: String, problem: any LayerProblem, availableLayouts: [Set<TensorLayout>], threads: Int
  ) {
    self.node = node
    self.problem = problem
    self.availableLayouts = availableLayouts
    self.threads = threads
  }
}

/// Decides which candidate runs a layer; nil leaves the decision to the next chooser.
public protocol KernelChooser: Sendable {
  /// The choice for a layer, or nil.
  ///
  /// - Throws: ``KernelError`` when a choice was made that cannot run.
  func choice(for layer: LayerContext, in registry: KernelRegistry) throws -> LayerChoice?
}

/// Decides by a static cost model where nobody has tuned.
///
/// A candidate's time is estimated from the arithmetic at the efficiency that its kernel expects, the bytes that it writes,
/// and those of the layout conversions that it would need. Only the first configuration of each pair of layouts is
/// considered: a kernel lists its best guess first.
public struct HeuristicChooser: KernelChooser {
  /// FLOP a second that a kernel of efficiency 1 would reach.
  public var peak = 100e9
  /// Bytes a second that activations move at.
  public var bandwidth = 10e9

  /// The model with its usual constants.
  public init() {}

  /// The candidate of the least estimated time; of equals the first.
  ///
  /// - Throws: ``KernelError/noKernel(problem:reasons:)`` when no exact kernel applies.
  public func choice(for layer: LayerContext, in registry: KernelRegistry) throws -> LayerChoice? {
    var best: (candidate: Candidate, cost: Double)?
    var reasons: [String] = []
    for answer in registry.answers(for: layer.problem) {
      if case .refused(let reason) = answer.applicability { reasons.append("\(answer.kernel) \(reason)") }
      var seen: Set<OperandLayouts> = []
      for candidate in answer.candidates where !candidate.errorClass.isApproximate {
        guard seen.insert(candidate.layouts).inserted else { continue }
        let cost = estimatedSeconds(candidate, efficiency: answer.expectedEfficiency, layer: layer)
        if best.map({ cost < $0.cost }) ?? true { best = (candidate, cost) }
      }
    }
    guard let best else { throw KernelError.noKernel(problem: layer.problem.key, reasons: reasons) }
    return LayerChoice(best.candidate, source: .heuristic)
  }

  private func estimatedSeconds(_ candidate: Candidate, efficiency: Double, layer: LayerContext) -> Double {
    let problem = layer.problem
    // Even a movement costs its bytes the more the less of itself its kernel expects.
    let arithmetic = Double(problem.operationCount.flopsWithBias + problem.activationElementCount)
    // What is written is near when it is read: a quarter of a conversion's price, so that bytes are preferred to floats.
    var bytes = Double(problem.outputShape.elementCount * candidate.layouts.output.type.byteCount) / 4
    for (index, layout) in candidate.layouts.inputs.enumerated()
    where index < layer.availableLayouts.count && !layer.availableLayouts[index].contains(layout) {
      bytes += Double(8 * problem.inputShapes[index].elementCount)
    }
    return arithmetic / (peak * max(efficiency, 1e-6)) + bytes / bandwidth
  }
}

/// Chooses one kernel family wherever it applies exactly, and leaves other layers to the next chooser.
public struct FamilyChooser: KernelChooser {
  /// The family's name, `winograd`.
  public let family: String

  /// A chooser for a family.
  public init(family: String) { self.family = family }

  /// The family's most hopeful candidate, or nil.
  public func choice(for layer: LayerContext, in registry: KernelRegistry) throws -> LayerChoice? {
    let members = registry.filter { $0.family == family }
    guard members.candidates(for: layer.problem).contains(where: { !$0.errorClass.isApproximate }) else { return nil }
    return try HeuristicChooser().choice(for: layer, in: members).map { LayerChoice($0.candidate, source: .forced) }
  }
}
