import Autotuner
import Luthier
import Synchronization
import Testing

/// A clock on which time passes only while kernels run, and that tells what a test makes of it.
final class LyingClock: MonotonicClock {
  private let time = Atomic<Int64>(1_000_000_000)
  private let reads = Atomic<Int64>(0)
  private let lie: @Sendable (_ time: Int64, _ reads: Int64) -> Int64

  init(_ lie: @escaping @Sendable (_ time: Int64, _ reads: Int64) -> Int64) { self.lie = lie }

  func now() -> Int64 {
    let (_, count) = reads.wrappingAdd(1, ordering: .relaxed)
    return lie(time.load(ordering: .relaxed), count)
  }

  func pass(_ nanoseconds: Int64) { time.wrappingAdd(nanoseconds, ordering: .relaxed) }
}

/// A right ReLU that takes as long, on the clock that it is given, as a test says of its n-th run.
struct ScriptedRelu: LayerKernel {
  let identifier: KernelIdentifier
  let clock: LyingClock
  let duration: @Sendable (_ run: Int) -> Int64
  var isApproximate = false
  let version = 1

  func errorClass(for problem: ElementwiseProblem, configuration: KernelConfiguration) -> ErrorClass {
    isApproximate ? .approximate(relativeError: nil) : .exact()
  }

  func applicability(to problem: ElementwiseProblem) -> Applicability {
    problem.function == .unary(.relu) ? .applies : .refused("is no ReLU")
  }

  func prepare(
    _ problem: ElementwiseProblem, configuration: KernelConfiguration, parameters: NoParameters
  ) throws -> any PreparedKernel {
    Prepared(count: problem.outputShape.elementCount, clock: clock, duration: duration)
  }

  struct Prepared: PreparedKernel {
    let count: Int
    let clock: LyingClock
    let duration: @Sendable (_ run: Int) -> Int64
    let runs = Runs()

    final class Runs: Sendable { let count = Atomic<Int>(0) }

    func run(_ operands: LayerOperands, phase: Int, worker: Worker) {
      for index in worker.share(of: count) { operands.output.base[index] = max(operands.input.base[index], 0) }
      clock.pass(duration(runs.count.wrappingAdd(1, ordering: .relaxed).newValue))
    }
  }
}

@Suite("Tuning by a clock that lies")
struct LyingClockTests {
  /// Three kernels, of which the second is fastest by 20 %.
  func tune(
    _ clock: LyingClock, effort: TuningEffort = .normal,
    factor: @escaping @Sendable (_ run: Int) -> Double = { _ in 1 },
    durations: [Double] = [120_000, 100_000, 125_000], approximate: [Double] = []
  ) throws -> TuningEntry {
    var registry = KernelRegistry()
    for (name, duration) in zip(["a.first", "b.second", "c.third"], durations) {
      try registry.register(
        ScriptedRelu(identifier: KernelIdentifier(name), clock: clock) { run in Int64(duration * factor(run)) })
    }
    for (index, duration) in approximate.enumerated() {
      try registry.register(
        ScriptedRelu(
          identifier: KernelIdentifier("d.approximate\(index)"), clock: clock,
          duration: { run in Int64(duration * factor(run)) }, isApproximate: true))
    }
    let oracle = try KernelRegistry.standard().filter { $0.family == "reference" }
    return try ProblemTuner(
      registry: registry, oracle: oracle, clock: clock,
      options: TuningOptions(effort: effort, maximumError: approximate.isEmpty ? 0 : 0.1)
    ).tune(
      ElementwiseProblem(.relu, shape: TensorShape([1, 4, 8, 8])), threads: 1, cancellation: Cancellation(),
      report: { _ in })
  }

  @Test("An honest clock: the fastest wins, with its own time")
  func honest() throws {
    let entry = try tune(LyingClock { time, _ in time })
    #expect(entry.winner?.kernel == "b.second")
    #expect(entry.winner?.time?.medianNanoseconds == 100_000)
    #expect(entry.winner?.time?.relativeSpread == 0)
  }

  @Test(
    "Approximate kernels that are ten times as fast leave the exact ones their race", arguments: TuningEffort.allCases)
  func approximate(effort: TuningEffort) throws {
    let entry = try tune(LyingClock { time, _ in time }, effort: effort, approximate: [10_000, 20_000, 150_000])
    let alone = try tune(LyingClock { time, _ in time }, effort: effort)
    #expect(entry.winner?.kernel == "b.second")
    for record in alone.candidates {
      let same = try #require(entry.record(of: record.kernel, record.configuration))
      #expect(same.verdict == record.verdict && same.time?.sampleCount == record.time?.sampleCount, "\(record.name)")
    }
    // Enough of each to say what it saves, and none of those that save nothing.
    let approximate = entry.candidates.filter(\.isApproximate)
    #expect(approximate.map(\.verdict) == [.inexact, .inexact, .dropped])
    #expect(approximate.prefix(2).allSatisfy { ($0.time?.sampleCount ?? 0) >= 8 })
  }

  @Test("A clock that drifts to three times its speed changes no winner")
  func drift() throws {
    let entry = try tune(LyingClock { time, _ in time + time / 1_000_000 * time / 2_000_000 })
    #expect(entry.winner?.kernel == "b.second")
  }

  @Test("A machine that slows down by half while it is measured changes no winner")
  func throttling() throws {
    let entry = try tune(LyingClock { time, _ in time }, factor: { run in 1 + min(Double(run) / 20, 1) })
    #expect(entry.winner?.kernel == "b.second")
  }

  @Test("A clock that steps back by a second now and then gives samples that are thrown away", arguments: [3, 7, 11])
  func stepsBack(every: Int64) throws {
    let entry = try tune(LyingClock { time, reads in time - reads / every * 1_000_000_000 })
    #expect(entry.winner?.kernel == "b.second")
    for record in entry.candidates {
      for sample in record.time?.samples ?? [] { #expect(sample > 0 && sample < 1e9) }
    }
  }

  @Test("Outliers of a hundred times in every fifth run change no winner")
  func outliers() throws {
    let entry = try tune(LyingClock { time, _ in time }, factor: { run in run % 5 == 2 ? 100 : 1 })
    #expect(entry.winner?.kernel == "b.second")
    #expect(entry.winner?.time?.medianNanoseconds == 100_000)
  }

  @Test("A clock of ticks so coarse that all times are equal makes ties, and the first wins")
  func coarse() throws {
    // Every run begins just after a tick and ends before the second one.
    let entry = try tune(LyingClock { time, _ in time }, durations: [100_000, 100_000, 100_000])
    #expect(entry.candidates.map(\.verdict) == [.won, .tied, .tied])
    #expect(entry.winner?.kernel == "a.first")
  }

  @Test("A clock that stands still ends the tuning without a winner and without a division by nothing")
  func still() throws {
    let entry = try tune(LyingClock { _, _ in 5 })
    #expect(entry.winner == nil)
    #expect(entry.candidates.allSatisfy { $0.time == nil })
  }

  @Test(
    "What differs by less than the band of ties is tied and broken in the fixed order, whatever noise says",
    arguments: 0..<10)
  func ties(seed: Int) throws {
    let entry = try tune(
      LyingClock { time, _ in time },
      factor: { run in 1 + Double((run &* 7919 &+ seed &* 104_729) % 100) / 5000 },
      durations: [101_000, 100_000, 150_000])
    #expect(entry.winner?.kernel == "a.first")
    #expect(entry.candidates.first { $0.kernel == "b.second" }?.verdict == .tied)
    #expect(entry.candidates.first { $0.kernel == "c.third" }?.verdict == .dropped)
  }

  @Test("Times that are spread too far are raced again and, if they stay so, marked uncertain")
  func noisy() throws {
    let clock = LyingClock { time, _ in time }
    let noisy = try tune(clock, factor: { run in [0.6, 1, 1.6, 0.8, 1.3][run % 5] })
    #expect(noisy.search?.isUncertain == true)
    #expect((noisy.search?.noise ?? 0) > 0.1)
    #expect(try tune(clock).search?.isUncertain == false)
  }
}
