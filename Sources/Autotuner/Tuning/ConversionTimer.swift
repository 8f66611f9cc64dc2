public import HostPlatform
public import LayerKernels

/// One conversion between layouts.
struct ConversionKey: Hashable {
  let shape: TensorShape
  let from: TensorLayout
  let to: TensorLayout
}

/// Times layout conversions, which the choice for a network has to pay for.
public struct ConversionTimer<Clock: MonotonicClock> {
  let registry: KernelRegistry
  let clock: Clock
  let threads: Int

  /// A timer of the kernels that would convert.
  public init(registry: KernelRegistry, clock: Clock, threads: Int) {
    self.registry = registry
    self.clock = clock
    self.threads = threads
  }

  /// The nanoseconds of a conversion; 0 where the layouts are the same, infinite where no kernel converts.
  public func time(shape: TensorShape, from: TensorLayout, to: TensorLayout) -> Double {
    from == to ? 0 : time(of: ConversionKey(shape: shape, from: from, to: to))
  }

  /// The nanoseconds of one conversion by the kernel that would run; the median of a few runs with warm caches, as the
  /// activation has just been written. Infinite where no kernel converts.
  func time(of key: ConversionKey) -> Double {
    var random = RandomSource(seed: 3)
    guard let problem = try? LayoutConversionProblem(shape: key.shape, from: key.from, to: key.to),
      let candidate = try? registry.defaultCandidate(for: problem),
      let team = try? ThreadTeam(threads: threads),
      let run = try? CandidateRun(
        candidate, parameters: NoParameters(), inputs: [random.tensor(shape: key.shape)], team: team)
    else { return .infinity }
    _ = run.run(clock: clock)
    let samples = (0..<7).map { _ in Double(run.run(clock: clock, repeats: 4)) / 4 }
    return Statistics.median(samples.filter { $0 > 0 }) ?? .infinity
  }
}
