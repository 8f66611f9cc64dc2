import Autotuner
import HostPlatform
import LayerKernels
import Synchronization
import Testing

/// A clock that a test moves, forwards or backwards.
final class ScriptedClock: MonotonicClock {
  private let time = Atomic<Int64>(0)

  func now() -> Int64 { time.load(ordering: .relaxed) }
  func advance(by nanoseconds: Int64) { time.wrappingAdd(nanoseconds, ordering: .relaxed) }
}

@Suite("Racing candidates")
struct RaceTests {
  typealias Verdict = RaceResult.Verdict

  func race(
    rounds: Int = 15, _ count: Int, _ time: (_ contestant: Int, _ round: Int) -> Double
  ) -> [RaceResult] {
    let clock = ScriptedClock()
    var rules = RaceRules()
    rules.rounds = rounds
    var runs = [Int](repeating: 0, count: count)
    return Race(clock: clock, rules: rules).run(count) { contestant in
      defer { runs[contestant] += 1 }
      return time(contestant, runs[contestant])
    }
  }

  @Test("The fastest wins, the hopeless leave after the screening rounds, the slower ones lose or leave")
  func order() {
    var random = RandomSource(seed: 1)
    let results = race(4) { contestant, _ in
      [100, 130, 90, 400][contestant] * (1 + Double(random.nextFloat(magnitude: 0.02)))
    }
    #expect(results.map(\.verdict) == [.dropped, .dropped, .won, .dropped])
    #expect(results[3].samples.count == 3)
    #expect(results[1].samples.count < 15)
  }

  @Test("Those who run unranked put nobody out of the race and leave with their own time")
  func unranked() {
    var rules = RaceRules()
    rules.settledRounds = 8
    let times = [20.0, 100, 101, 10, 300]
    let results = Race(clock: ScriptedClock(), rules: rules).run(5, unranked: [0, 3, 4]) { times[$0] }
    #expect(results.map(\.verdict) == [.lost, .won, .tied, .lost, .dropped])
    #expect(results.map(\.samples.count) == [8, 15, 15, 8, 3])
    #expect(results[0].ratio == 0.2)
    // Where nobody is ranked nobody wins.
    let alone = Race(clock: ScriptedClock(), rules: rules).run(2, unranked: [0, 1]) { times[$0] }
    #expect(alone.map(\.verdict) == [.lost, .lost] && alone.map(\.samples.count) == [8, 8])
  }

  @Test("Drift that slows the machine to a third hits all alike and changes nothing")
  func drift() {
    let results = race(3) { contestant, round in [110, 100, 105][contestant] * (1 + Double(round) / 5) }
    #expect(results[1].verdict == .won)
    #expect(results[0].verdict == .dropped)
  }

  @Test("Outliers of a hundred times do not change the winner", arguments: UInt64(0)..<20)
  func outliers(seed: UInt64) {
    var random = RandomSource(seed: seed)
    let results = race(3) { contestant, _ in
      let outlier = random.next() % 5 == 0 ? 100.0 : 1.0
      return [120, 100, 140][contestant] * (1 + Double(random.nextFloat(magnitude: 0.01))) * outlier
    }
    #expect(results[1].verdict == .won)
  }

  @Test("Equal times are ties, and the first in the list wins, whichever was luckier", arguments: UInt64(0)..<20)
  func ties(seed: UInt64) {
    var random = RandomSource(seed: seed)
    let results = race(3) { _, _ in 100 * (1 + Double(random.nextFloat(magnitude: 0.01))) }
    #expect(results.map(\.verdict) == [.won, .tied, .tied])
  }

  @Test("Times that are zero, negative, infinite or no number are thrown away")
  func unusable() {
    let results = race(4) { contestant, round in
      switch contestant {
      case 0: [0, -5, .infinity, .nan][round % 4]
      case 1: round % 2 == 0 ? -100 : 100
      case 2: 90
      default: 0
      }
    }
    #expect(results.map(\.verdict) == [.unmeasured, .dropped, .won, .unmeasured])
    #expect(results[1].samples.allSatisfy { $0 == 100 })
    #expect(results[2].median == 90)
  }

  @Test("When nobody gives a usable time nobody wins")
  func nobody() {
    #expect(race(2) { _, _ in 0 }.map(\.verdict) == [.unmeasured, .unmeasured])
    #expect(race(0) { _, _ in 1 }.isEmpty)
  }

  @Test("A clock that steps back does not end or prolong the race beyond its rounds")
  func backwards() {
    let clock = ScriptedClock()
    var calls = 0
    let results = Race(clock: clock).run(2) { contestant in
      calls += 1
      clock.advance(by: -1_000_000_000)
      return contestant == 0 ? 100 : 101
    }
    #expect(calls == 30)
    #expect(results[0].verdict == .won)
  }

  @Test(
    "While it is uncertain whether a finalist is tied the race goes on, and ends when it is certain",
    arguments: UInt64(0)..<5)
  func finals(seed: UInt64) {
    func rounds(_ second: Double) -> Int {
      var random = RandomSource(seed: seed)
      var rules = RaceRules()
      rules.finalRounds = 60
      let results = Race(clock: ScriptedClock(), rules: rules).run(2) { contestant in
        [100, second][contestant] * (1 + Double(random.nextFloat(magnitude: 0.04)))
      }
      return results[0].samples.count
    }
    // Equal: soon certain. At the band's edge: never.
    #expect(rounds(100) < 75)
    #expect(rounds(102) == 75 || rounds(102) > rounds(100))
  }

  @Test("Before each leg but the first those in the race are put into other memory, and its first runs do not count")
  func legs() {
    var rules = RaceRules()
    rules.rounds = 9
    rules.legRounds = 3
    rules.warmUp = 1
    let clock = ScriptedClock()
    var renewed: [[Int]] = []
    var calls = 0
    let results = Race(clock: clock, rules: rules).run(3) { live in
      renewed.append(live)
    } time: { contestant in
      calls += 1
      clock.advance(by: 100)
      return [100, 101, 900][contestant]
    }
    // The third is hopeless after three rounds.
    #expect(renewed == [[0, 1], [0, 1]])
    #expect(results.map(\.samples.count) == [9, 9, 3])
    #expect(calls == 3 + 9 + 9 + 3 + 2 * 2)
  }

  @Test("A clock that stands still ends the warm-up after a few turns")
  func warmUp() {
    var rules = RaceRules()
    rules.warmUp = 1_000_000_000
    var calls = 0
    _ = Race(clock: ScriptedClock(), rules: rules).run(2) { _ in
      calls += 1
      return 1
    }
    #expect(calls == 2 * rules.screeningRounds + 2 * rules.rounds)
  }

  @Test("The time limit ends the race after the round in which it is over")
  func limit() {
    let clock = ScriptedClock()
    var calls = 0
    _ = Race(clock: clock).run(2) { _ in
      calls += 1
      clock.advance(by: 600_000_000)
      return 1
    }
    #expect(calls == 4)
  }
}

@Suite("Statistics of samples")
struct StatisticsTests {
  @Test("Median, spread and interval of known samples")
  func known() throws {
    #expect(Statistics.median([]) == nil)
    #expect(Statistics.median([3, 1, 2]) == 2)
    #expect(Statistics.median([4, 1, 2, 3]) == 2.5)
    #expect(Statistics.relativeSpread([10, 10, 10, 1000]) == 0)
    #expect(Statistics.medianInterval([1, 2, 3, 4, 5]) == nil)
    // For six samples P(all on one side) is 2/64 = 3.1 %: the interval is the whole range.
    #expect(Statistics.medianInterval([1, 2, 3, 4, 5, 6]) == 1...6)
    // For fifteen, ranks 4 and 12 (binomial table, 96.5 %).
    #expect(Statistics.medianInterval((1...15).map(Double.init)) == 4...12)
  }
}
