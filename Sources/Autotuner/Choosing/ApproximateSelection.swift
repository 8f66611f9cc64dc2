import HostPlatform
import LayerKernels
import Network
import TuningDatabase

/// Chooses approximate kernels for a network within an error at its output.
///
/// The error of a low rank or of rounded weights depends on the layer's own weights and on what the layers after make of it, so each option is
/// tried alone in the whole network, and what it changes at the output is its error. The budget is spent as if errors added up; then the
/// network with all chosen options is run, and where it errs by more than is allowed less is spent.
struct ApproximateSelection {
  let registry: KernelRegistry
  let threads: Int
  let allowedError: Double
  let cancellation: Cancellation

  /// What was chosen.
  struct Result {
    /// The choices of all layers, the approximate ones among them.
    let choices: [String: LayerChoice]
    /// The error at the network's output, relative to its largest magnitude.
    let error: Double
    /// Entries of approximate candidates with their errors on the layers' own weights.
    let entries: [TuningEntry]
    /// The layers that became approximate.
    let spending: [SpentError]
  }

  private struct Trial {
    let node: String
    let candidate: Candidate
    let record: CandidateRecord
    let option: ErrorBudget.Option

    var spending: SpentError {
      SpentError(node: node, candidate: candidate.name, error: option.error, saving: option.saving)
    }
  }

  /// The choices, or nil where no approximate candidate is faster within the error.
  func select(
    _ graph: Graph, exact: [String: LayerChoice], entries: [ProblemKey: TuningEntry]
  ) throws -> Result? {
    let inputs = Self.inputs(of: graph)
    let expected = try outputs(graph, exact, inputs)
    var layers: [[Trial]] = []
    var found: [TuningEntry] = []
    for node in graph.nodes {
      guard case .layer(let problem, let parameters) = node.operation, let entry = entries[problem.key] else {
        continue
      }
      let options = try trials(
        graph, node, problem, entry: entry, exact: exact, inputs: inputs, expected: expected)
      guard !options.isEmpty else { continue }
      layers.append(options)
      if let own = try ownEntry(problem, parameters, options) { found.append(own) }
    }
    var budget = allowedError
    for _ in 0..<8 {
      let spent = ErrorBudget.spend(budget, on: layers.map { $0.map(\.option) })
      var choices = exact
      for (options, index) in zip(layers, spent) {
        guard let index else { continue }
        choices[options[index].node] = LayerChoice(options[index].candidate, source: .forced)
      }
      if spent.allSatisfy({ $0 == nil }) { return nil }
      let error = Self.error(try outputs(graph, choices, inputs), expected)
      if error <= allowedError {
        let spending = zip(layers, spent).compactMap { options, index in index.map { options[$0].spending } }
        return Result(choices: choices, error: error, entries: found, spending: spending)
      }
      // Errors that add up to more than their sum: the same excess is expected of a smaller budget.
      budget *= min(0.9 * allowedError / error, 0.9)
    }
    return nil
  }

  /// The approximate candidates of a layer that are faster than its choice, with what each does to the network's output.
  private func trials(
    _ graph: Graph, _ node: GraphNode, _ problem: any LayerProblem, entry: TuningEntry,
    exact: [String: LayerChoice], inputs: [[Tensor]], expected: [[Tensor]]
  ) throws -> [Trial] {
    guard let chosen = exact[node.name]?.candidate ?? (try? registry.defaultCandidate(for: problem)),
      let time = (entry.record(of: chosen.kernel, chosen.configuration) ?? entry.winner)?.time?.medianNanoseconds
    else { return [] }
    var trials: [Trial] = []
    for record in entry.candidates where record.isApproximate {
      try cancellation.check()
      guard let own = record.time?.medianNanoseconds, own < time,
        let candidate = try? registry.candidate(
          named: record.kernel, configuration: record.configuration, for: problem)
      else { continue }
      var choices = exact
      choices[node.name] = LayerChoice(candidate, source: .forced)
      let found: [[Tensor]]
      // The layer's own weights may be such as the kernel refuses, unlike those that it was timed with.
      do { found = try outputs(graph, choices, inputs) } catch is KernelError { continue }
      let error = Self.error(found, expected)
      guard error <= allowedError else { continue }
      trials.append(
        Trial(
          node: node.name, candidate: candidate, record: record,
          option: ErrorBudget.Option(saving: time - own, error: error)))
    }
    return trials
  }

  /// The record of what approximate candidates err on a layer's own weights; nil where they have none that are known.
  private func ownEntry(
    _ problem: any LayerProblem, _ parameters: any Sendable, _ trials: [Trial]
  ) throws -> TuningEntry? {
    guard WeightsDigest.weights(of: parameters) != nil else { return nil }
    let records = trials.compactMap { trial -> CandidateRecord? in
      trial.record.time.map { .timed(trial.candidate, time: $0, maximumError: trial.option.error) }
    }
    var entry = TuningEntry(
      key: .init(
        problem: problem.key, threads: threads,
        weights: WeightsDigest.digest(of: parameters)))
    entry.add(records)
    return entry
  }

  private func outputs(
    _ graph: Graph, _ choices: [String: LayerChoice], _ inputs: [[Tensor]]
  ) throws -> [[Tensor]] {
    let network = try CompiledNetwork(
      graph, registry: registry,
      options: CompilationOptions(threads: threads, choosers: [TableChooser(choices)], passes: []))
    return try inputs.map { try network.run($0) }
  }

  /// Two sets of random inputs: one could be kind to an option by chance.
  private static func inputs(of graph: Graph) -> [[Tensor]] {
    ([1, 2] as [UInt64]).map { seed in
      var random = RandomSource(seed: seed)
      return graph.inputs.map { random.tensor(shape: graph[$0].shape) }
    }
  }

  private static func error(_ found: [[Tensor]], _ expected: [[Tensor]]) -> Double {
    zip(found.joined(), expected.joined()).reduce(0) { max($0, $1.0.largestDifference(from: $1.1)) }
  }
}
