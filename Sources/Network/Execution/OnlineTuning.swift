public import HostPlatform
public import LayerKernels

/// A network that tries a second set of choices on real requests, within a stated budget, and keeps the faster one.
///
/// Both sets are compiled before the first request and give the same results within the kernels' tolerances. Every so many requests one
/// runs on the challenger instead of the incumbent; when enough have, or the budget is spent, the faster median decides for
/// good and nothing is tried any more. Nothing is written anywhere. Off unless a program makes one of these.
public final class OnlineTuning: Sendable {
  /// What trying may cost.
  public struct Budget: Hashable, Sendable {
    /// Of how many requests one tries the challenger.
    public var every: Int
    /// After how many tries it is decided.
    public var tries: Int
    /// The most nanoseconds that tries may have taken longer, all together, than the incumbent would have.
    public var nanoseconds: Double

    /// One request of twenty, thirty tries, a tenth of a second in all unless said otherwise.
    public init(every: Int = 20, tries: Int = 30, nanoseconds: Double = 1e8) {
      self.every = max(every, 2)
      self.tries = max(tries, 3)
      self.nanoseconds = max(nanoseconds, 0)
    }
  }

  /// How it stands.
  public enum State: String, Hashable, Sendable {
    /// Requests are still used for trying.
    case trying
    /// The first network stays.
    case keptIncumbent
    /// The second network was faster and runs from now on.
    case tookChallenger
    /// The budget was spent before it was decided; the first network stays.
    case spent
  }

  private struct Record {
    var requests = 0
    var incumbent: [Double] = []
    var challenger: [Double] = []
    var spent = 0.0
    var state = State.trying
  }

  private let incumbent: CompiledNetwork
  private let challenger: CompiledNetwork
  private let budget: Budget
  private let clock: any MonotonicClock
  private let record = Lock(Record())

  /// How much faster the challenger's median has to be, as a fraction, to be taken.
  static let advantage = 0.02

  /// Two networks of the same inputs and outputs.
  ///
  /// - Throws: ``CompilationError/ports`` when they differ in an input or output.
  public init(
    _ incumbent: CompiledNetwork, challenger: CompiledNetwork, budget: Budget = Budget(),
    clock: any MonotonicClock = SystemClock()
  ) throws(CompilationError) {
    guard incumbent.inputs.map(\.shape) == challenger.inputs.map(\.shape),
      incumbent.outputs.map(\.shape) == challenger.outputs.map(\.shape)
    else { throw .ports }
    self.incumbent = incumbent
    self.challenger = challenger
    self.budget = budget
    self.clock = clock
  }

  /// How it stands.
  public var state: State { record.withLock { $0.state } }

  /// Nanoseconds that tries have cost beyond what the incumbent would have taken.
  public var spent: Double { record.withLock { $0.spent } }

  /// Runs a request on whichever network's turn it is.
  ///
  /// - Throws: ``RunError`` when the inputs are not of the network's shapes.
  public func run(_ tensors: [Tensor]) throws(RunError) -> [Tensor] {
    let (isTry, isOver) = record.withLock { record in
      guard record.state == .trying else { return (record.state == .tookChallenger, true) }
      record.requests += 1
      return (record.requests % budget.every == 0, false)
    }
    if isOver { return try (isTry ? challenger : incumbent).run(tensors) }
    let start = clock.now()
    let result = try (isTry ? challenger : incumbent).run(tensors)
    note(Double(clock.now() - start), isTry: isTry)
    return result
  }

  private func note(_ time: Double, isTry: Bool) {
    record.withLock { record in
      // A clock that stands still or steps back says nothing.
      guard record.state == .trying, time > 0 else { return }
      if isTry {
        record.challenger.append(time)
        if let usual = Self.median(record.incumbent) { record.spent += max(time - usual, 0) }
      } else if record.incumbent.count < 4096 {
        record.incumbent.append(time)
      }
      if record.spent > budget.nanoseconds {
        record.state = .spent
      } else if record.challenger.count >= budget.tries, let ours = Self.median(record.incumbent),
        let theirs = Self.median(record.challenger)
      {
        record.state = theirs < ours * (1 - Self.advantage) ? .tookChallenger : .keptIncumbent
      }
    }
  }

  private static func median(_ samples: [Double]) -> Double? {
    samples.isEmpty ? nil : samples.sorted()[samples.count / 2]
  }
}
