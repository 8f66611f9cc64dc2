public import HostPlatform
public import LayerKernels
public import Network
package import TuningDatabase

/// One conversion between layouts.
struct ConversionKey: Hashable {
  let shape: TensorShape
  let from: TensorLayout
  let to: TensorLayout
}

/// Decides by what entries say is fastest, whatever a node is called: conversions are of no node.
package struct EntryChooser: KernelChooser {
  let entries: [ProblemKey: TuningEntry]

  package init(entries: [ProblemKey: TuningEntry]) { self.entries = entries }

  package func choice(for layer: LayerContext, in registry: KernelRegistry) throws -> LayerChoice? {
    guard let winner = entries[layer.problem.key]?.winner else { return nil }
    let candidate = try? registry.candidate(
      named: winner.kernel, configuration: winner.configuration, for: layer.problem)
    return candidate.map { LayerChoice($0, source: .forced) }
  }
}

/// Times layout conversions, which the choice for a network has to pay for.
public struct ConversionTimer<Clock: MonotonicClock> {
  let registry: KernelRegistry
  let clock: Clock
  let threads: Int
  private let choosers: [any KernelChooser]

  /// A timer of the kernels that would convert.
  ///
  /// - Parameters:
  ///   - registry: the kernels to choose from.
  ///   - clock: what is timed with.
  ///   - threads: how many threads convert.
  ///   - choosers: what a network asks before it takes what the static cost model says.
  public init(registry: KernelRegistry, clock: Clock, threads: Int, choosers: [any KernelChooser] = []) {
    self.choosers = choosers
    self.registry = registry
    self.clock = clock
    self.threads = threads
  }

  /// The nanoseconds of a conversion; 0 where the layouts are the same, infinite where no kernel converts.
  public func time(shape: TensorShape, from: TensorLayout, to: TensorLayout) -> Double {
    from == to ? 0 : time(of: ConversionKey(shape: shape, from: from, to: to))
  }

  /// The nanoseconds of bringing a problem's inputs from their layouts into others, and its output back.
  package func time(of problem: any LayerProblem, from home: OperandLayouts, to away: OperandLayouts) -> Double {
    let inputs = zip(problem.inputShapes, zip(home.inputs, away.inputs)).reduce(0.0) { sum, pair in
      sum + time(shape: pair.0, from: pair.1.0, to: pair.1.1)
    }
    return inputs + time(shape: problem.outputShape, from: away.output, to: home.output)
  }

  /// What a network's lowering would take.
  package func candidate(for problem: LayoutConversionProblem) -> Candidate? {
    let layer = LayerContext(node: "", problem: problem, availableLayouts: [[problem.source]], threads: threads)
    for chooser in choosers + [HeuristicChooser()] {
      if let choice = try? chooser.choice(for: layer, in: registry) { return choice.candidate }
    }
    return nil
  }

  /// The nanoseconds of one conversion by the kernel that would run; the median of a few runs with warm caches, as the
  /// activation has just been written. Infinite where no kernel converts.
  func time(of key: ConversionKey) -> Double {
    var random = RandomSource(seed: 3)
    // Whatever the steps are, a conversion takes as long.
    let steps = Quantisation(step: 0x1p-7, lower: -128, upper: 127)
    guard let problem = try? LayoutConversionProblem(shape: key.shape, from: key.from, to: key.to, steps: steps),
      let candidate = candidate(for: problem),
      let team = try? ThreadTeam(threads: threads),
      let run = try? CandidateRun(
        candidate, parameters: NoParameters(), inputs: problem.randomInputs(from: &random),
        team: team)
    else { return .infinity }
    _ = run.run(clock: clock)
    let samples = (0..<7).map { _ in Double(run.run(clock: clock, repeats: 4)) / 4 }
    return Statistics.median(samples.filter { $0 > 0 }) ?? .infinity
  }
}
