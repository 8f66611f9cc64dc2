import Foundation
import HostPlatform
import Testing

@Suite("The conditions of a measurement")
struct HostConditionsTests {
  @Test("The conditions of this moment survive JSON unchanged")
  func coding() throws {
    let conditions = HostConditions.current
    let data = try JSONEncoder().encode(conditions)
    #expect(try JSONDecoder().decode(HostConditions.self, from: data) == conditions)
  }

  @Test("Stolen time is the share of the ticks between two moments")
  func stolen() throws {
    let before = try #require(ProcessorTime(statistics: "cpu  100 0 50 800 10 0 5 35 0 0\ncpu0 1 2 3\n"))
    #expect(before.total == 1_000)
    #expect(before.steal == 35)
    let after = ProcessorTime(total: 1_200, steal: 85)
    #expect(after.stolenShare(since: before) == 0.25)
    #expect(before.stolenShare(since: after) == 0)
    #expect(before.stolenShare(since: before) == 0)
    #expect(ProcessorTime(total: 1_001, steal: .max).stolenShare(since: before) == 1)
  }

  @Test(
    "Damaged statistics of the kernel are taken for none",
    arguments: [
      "", "cpu", "cpu \n", "cpu  1 2 3", "cpu0 1 2 3 4 5 6 7 8", "cpu  1 2 3 4 5 6 7 -8", "cpu  a b c d e f g h",
      "cpu  18446744073709551615 1 0 0 0 0 0 0", "cpu  99999999999999999999 0 0 0 0 0 0 0", "\u{0}\u{0}",
    ])
  func damagedStatistics(text: String) {
    #expect(ProcessorTime(statistics: text) == nil)
  }

  @Test(
    "Load averages are three numbers, or none at all",
    arguments: [
      ("0.52 0.30 0.21 2/345 6789\n", [0.52, 0.30, 0.21]), ("", nil), ("1 2", nil), ("nan 1 1", nil), ("1 inf 1", nil),
      ("-1 0 0", nil), ("a b c", nil), ("1e999 0 0", nil),
    ] as [(String, [Double]?)])
  func loadAverages(text: String, numbers: [Double]?) {
    #expect(HostConditions.loadAverages(text) == numbers)
  }

  @Test("The clock never runs backwards")
  func clock() {
    let clock = SystemClock()
    var last = clock.now()
    for _ in 0..<10_000 {
      let now = clock.now()
      #expect(now >= last)
      last = now
    }
  }

  @Test("Code that measures can be given a clock that lies")
  func lyingClock() {
    struct Stopped: MonotonicClock {
      func now() -> Int64 { 42 }
    }
    func duration(_ clock: some MonotonicClock) -> Int64 {
      let start = clock.now()
      return clock.now() - start
    }
    #expect(duration(Stopped()) == 0)
  }

  @Test("Only the variables that matter are recorded")
  func environment() {
    #expect(Set(ProcessEnvironment.current.keys).isSubset(of: ProcessEnvironment.names))
  }
}

@Suite("Denormal numbers")
struct DenormalModeTests {
  /// Keeps the compiler from computing in advance.
  @inline(never)
  private func half(_ value: Float) -> Float { value * 0.5 }

  @Test("Results and operands that are denormal become zero inside, and the mode is restored outside")
  func flushing() {
    onThreads(1) { _ in
      let smallest = Float.leastNormalMagnitude
      let before = DenormalMode.current
      let kept = half(smallest)
      let flushed = withFlushedDenormals { (half(smallest), half(kept), DenormalMode.current.isFlushing) }
      #expect(kept > 0)
      #if arch(x86_64)
        #expect(flushed == (0, 0, true))
      #endif
      #expect(DenormalMode.current == before)
      #expect(half(smallest) == kept)
    }
  }

  @Test("The mode is restored when the work throws, and flushing twice restores step by step")
  func restoring() {
    struct Stop: Error {}
    onThreads(1) { _ in
      let before = DenormalMode.current
      #expect(throws: Stop.self) { try withFlushedDenormals { () throws(Stop) in throw Stop() } }
      #expect(DenormalMode.current == before)
      let first = DenormalMode.flush()
      let second = DenormalMode.flush()
      second.restore()
      #if arch(x86_64)
        #expect(DenormalMode.current.isFlushing)
      #endif
      first.restore()
      #expect(DenormalMode.current == before)
    }
  }
}
