public import HostPlatform
import LayerKernels

/// Times contestants against each other, in turn, and drops those that have certainly lost.
///
/// In each round every contestant still in the race runs once, so a drift of the machine's speed hits all alike; in an order drawn
/// anew, the same in every race, since whose code and data a contestant finds in the caches depends on who ran before. Contestants
/// are compared by the ratio of their times to the incumbent's *of the same round*. A contestant leaves the race
///
/// - after `screeningRounds`, when even its best time is above `screeningRatio` times the incumbent's best (hopeless: noise
///   only ever adds time, so bests are what few samples are worth), and
/// - from then on as soon as the 95 % confidence interval of its median ratio lies above 1 + `tieBand` (certainly slower).
///
/// The interval comes from order statistics and assumes nothing about the noise. Those who are left at the end and are not
/// certainly slower than the winner are ties; while that is not certain either, the finalists go on for `finalRounds` more.
///
/// Where memory lies makes a contestant faster or slower by some percent for as long as it lies there, which no number of
/// rounds averages out. So a race has legs of `legRounds`, before each of which its owner may put the contestants into other
/// memory, and nobody leaves before `settledRounds` who is not slower than that can explain.
///
/// Some may run unranked, since they do something else for their time: nobody is compared with them, they cannot win, and they
/// leave when their own time is known.
public struct Race<Clock: MonotonicClock> {
  private let clock: Clock
  private let rules: RaceRules

  /// A race by the given clock, which need not be honest: durations that are not positive are thrown away.
  public init(clock: Clock, rules: RaceRules = RaceRules()) {
    self.clock = clock
    self.rules = rules
  }

  /// Races `count` contestants.
  ///
  /// - Parameters:
  ///   - count: how many there are. Earlier ones win ties.
  ///   - unranked: those who are timed in the same rounds and dropped like the others, but compete with nobody. They leave after
  ///     `settledRounds`, or `rounds` where there are none, so that the others' finals are not theirs.
  ///   - renew: called before each leg but the first with those still in the race, to put them into other memory.
  ///   - time: runs a contestant and gives the nanoseconds that one run took; called in turn.
  /// - Returns: a result for each contestant in the list's order; exactly one has won if any that is ranked gave a usable time.
  public func run(
    _ count: Int, unranked: Set<Int> = [], renew: (_ contestants: [Int]) -> Void = { _ in }, time: (Int) -> Double
  ) -> [RaceResult] {
    // A sample that could not be had is NaN, so that the rounds of all contestants stay aligned.
    var samples = [[Double]](repeating: [], count: count)
    var dropped = [Bool](repeating: false, count: count)
    let unrankedRounds = rules.settledRounds > 0 ? rules.settledRounds : rules.rounds
    func running(in round: Int) -> [Int] {
      (0..<count).filter { !dropped[$0] && (round < unrankedRounds || !unranked.contains($0)) }
    }
    warmUp(Array(0..<count), time)
    let start = clock.now()
    for round in 0..<max(rules.rounds + rules.finalRounds, 1) {
      if round > 0, rules.legRounds > 0, round % rules.legRounds == 0 {
        let live = running(in: round)
        renew(live)
        // The first touch of new memory is nobody's time.
        for contestant in live { _ = time(contestant) }
      }
      var order = RandomSource(seed: UInt64(round))
      for contestant in running(in: round).shuffled(using: &order) {
        let duration = time(contestant)
        samples[contestant].append(duration > 0 && duration.isFinite ? duration : .nan)
      }
      let live = running(in: round)
      let ranked = live.filter { !unranked.contains($0) }
      if let incumbent = incumbent(ranked, samples), live.count > 1, round + 1 >= rules.screeningRounds {
        for contestant in live where contestant != incumbent {
          let ratios = ratios(samples[contestant], to: samples[incumbent])
          let isHopeless = best(samples[contestant]) > rules.screeningRatio * best(samples[incumbent])
          let band = round < rules.settledRounds ? max(rules.placementBand, rules.tieBand) : rules.tieBand
          let isSlower = (Statistics.medianInterval(ratios)?.lowerBound ?? 0) > 1 + band
          if isHopeless || isSlower { dropped[contestant] = true }
        }
      }
      // A clock that steps back gives a negative time, which ends nothing; the rounds still do.
      if live.count == 1, round + 1 >= min(rules.rounds, 2 * rules.screeningRounds) { break }
      if round + 1 >= rules.rounds, isDecided(ranked.filter { !dropped[$0] }, samples) { break }
      if clock.now() - start > rules.limit { break }
    }
    return results(samples, dropped, unranked)
  }

  /// Runs all in turn, unmeasured, until the time for that is over: a core needs milliseconds to reach its speed. Ends after a few
  /// turns whatever the clock says.
  private func warmUp(_ contestants: [Int], _ time: (Int) -> Double) {
    guard rules.warmUp > 0, !contestants.isEmpty else { return }
    let start = clock.now()
    for _ in 0..<rules.screeningRounds {
      for contestant in contestants { _ = time(contestant) }
      if clock.now() - start >= rules.warmUp { return }
    }
  }

  /// Whether everybody left is certainly no slower than the band of ties allows.
  private func isDecided(_ live: [Int], _ samples: [[Double]]) -> Bool {
    guard let incumbent = incumbent(live, samples) else { return true }
    return live.allSatisfy { contestant in
      let interval = Statistics.medianInterval(ratios(samples[contestant], to: samples[incumbent]))
      return contestant == incumbent || interval.map { $0.upperBound <= 1 + rules.tieBand } ?? true
    }
  }

  private func results(_ samples: [[Double]], _ dropped: [Bool], _ unranked: Set<Int>) -> [RaceResult] {
    let usable = samples.map { $0.filter { !$0.isNaN } }
    let live = samples.indices.filter { !dropped[$0] && !unranked.contains($0) }
    let fastest = incumbent(live, samples)
    var results = samples.indices.map { index in
      let ratio = fastest.flatMap { Statistics.median(ratios(samples[index], to: samples[$0])) } ?? .infinity
      return RaceResult(
        contestant: index, verdict: usable[index].isEmpty ? .unmeasured : dropped[index] ? .dropped : .lost,
        samples: usable[index], median: Statistics.median(usable[index]) ?? .infinity,
        spread: Statistics.relativeSpread(usable[index]), ratio: ratio)
    }
    guard let fastest else { return results }
    for index in live where !usable[index].isEmpty {
      let interval = Statistics.medianInterval(ratios(samples[index], to: samples[fastest]))
      let isWithinBand = results[index].ratio <= 1 + rules.tieBand
      let isWithinNoise = interval.map { $0.lowerBound <= 1 && results[index].ratio <= 1 + 2 * rules.tieBand } ?? false
      if index == fastest || isWithinBand || isWithinNoise { results[index].verdict = .tied }
    }
    // Of ties the first in the list's fixed order wins, so that two races on one host choose alike.
    if let winner = results.firstIndex(where: { $0.verdict == .tied }) { results[winner].verdict = .won }
    return results
  }

  /// The contestant of the least median.
  private func incumbent(_ live: [Int], _ samples: [[Double]]) -> Int? {
    var best: (contestant: Int, median: Double)?
    for contestant in live {
      guard let median = Statistics.median(samples[contestant].filter { !$0.isNaN }) else { continue }
      if best.map({ median < $0.median }) ?? true { best = (contestant, median) }
    }
    return best?.contestant
  }

  private func best(_ samples: [Double]) -> Double { samples.lazy.filter { !$0.isNaN }.min() ?? .infinity }

  private func ratios(_ samples: [Double], to others: [Double]) -> [Double] {
    zip(samples, others).compactMap { $0.isNaN || $1.isNaN ? nil : $0 / $1 }
  }
}

/// How long to race.
public struct RaceRules: Hashable, Sendable, Codable {
  /// Rounds before the hopeless are dropped.
  public var screeningRounds = 3
  /// The ratio of the best times, to the incumbent, above which a contestant is hopeless.
  public var screeningRatio = 1.5
  /// The most rounds, but for the finals.
  public var rounds = 15
  /// How many more rounds there may be while it is uncertain whether a finalist is tied.
  public var finalRounds = 0
  /// The rounds of a leg; 0 for a race without legs.
  public var legRounds = 0
  /// The rounds, of several legs, before which where memory lies may explain a difference.
  public var settledRounds = 0
  /// How much slower, as a fraction, where its memory lies may make a contestant: before ``settledRounds`` only what is beyond
  /// this is certainly slower.
  public var placementBand = 0.2
  /// Nanoseconds that all run in turn before anything counts; 0 for a start from cold.
  public var warmUp: Int64 = 0
  /// The relative difference below which two times count as equal.
  public var tieBand = 0.02
  /// The longest that one race may take, in nanoseconds; it ends after the round in which the time is over.
  public var limit: Int64 = 2_000_000_000

  /// The usual rules.
  public init() {}
}

/// What became of a contestant.
public struct RaceResult: Sendable {
  /// How it ended.
  public enum Verdict: String, Hashable, Sendable {
    /// The one that runs.
    case won
    /// Not certainly slower than the winner.
    case tied
    /// Certainly slower than the winner.
    case lost
    /// Left the race early.
    case dropped
    /// Gave no usable time.
    case unmeasured
  }

  /// The contestant's position in the list that raced.
  public let contestant: Int
  /// How it ended.
  public var verdict: Verdict
  /// Nanoseconds a run, one for each round.
  public let samples: [Double]
  /// The median of the samples, in nanoseconds; infinite when there are none.
  public let median: Double
  /// The robust relative spread of the samples.
  public let spread: Double
  /// The median of the ratios to the winner's time in the same round; 1 for the winner itself.
  public var ratio: Double
}
