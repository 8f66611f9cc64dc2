import LayerKernels
import Testing
import TuningDatabase

@Suite("Who won")
struct JudgementTests {
  private static func entry(_ records: [CandidateRecord]) throws -> TuningEntry {
    var entry = TuningEntry(key: Fixture.key(try Fixture.convolution()))
    entry.add(records)
    return entry
  }

  @Test(
    "Within two percent of the fastest is a tie, which the fixed order breaks; beyond is a loss",
    arguments: [
      (1000.0, 1019.0, "a.one"), (1019.0, 1000.0, "a.one"), (1000.0, 1021.0, "a.one"), (1021.0, 1000.0, "b.two"),
    ])
  func ties(first: Double, second: Double, winner: KernelIdentifier) throws {
    let kernels = [NamedKernel(identifier: "a.one"), NamedKernel(identifier: "b.two")]
    let entry = try Self.entry([
      try Fixture.record("b.two", 1, second, kernels: kernels), try Fixture.record("a.one", 1, first, kernels: kernels),
    ])
    #expect(entry.winner?.kernel == winner)
    let isTie = abs(first - second) <= 20
    #expect(entry.candidates.first { $0.verdict != .won }?.verdict == (isTie ? .tied : .lost))
    #expect(entry.ranking().map(\.kernel) == [winner, winner == "a.one" ? "b.two" : "a.one"])
  }

  @Test("Noise widens a tie, but never beyond five percent")
  func noise() throws {
    let noisy = try Fixture.time(1000, spread: 0.6, count: 9)
    let candidates = try Fixture.registry().candidates(for: Fixture.convolution())
    func entry(_ median: Double) throws -> TuningEntry {
      try Self.entry([
        .timed(candidates[0], time: noisy, maximumError: 0),
        .timed(candidates[1], time: try Fixture.time(median, spread: 0.6), maximumError: 0),
      ])
    }
    #expect(try entry(1045).candidates.map(\.verdict).contains(.tied))
    #expect(try !entry(1060).candidates.map(\.verdict).contains(.tied))
  }

  @Test("A dropped candidate wins only where no other was timed to the end")
  func dropped() throws {
    let dropped = try Fixture.record("direct.pixels", 6, 500, dropped: true)
    #expect(try Self.entry([dropped, try Fixture.record("im2col.gemm", 16, 900)]).winner?.kernel == "im2col.gemm")
    #expect(try Self.entry([dropped]).winner?.kernel == "direct.pixels")
  }

  @Test("An approximate candidate never wins an entry, and competes within an error budget only")
  func approximate() throws {
    let entry = try Self.entry([
      try Fixture.record("direct.pixels", 6, 1000), try Fixture.record("decomposed.channels", 8, 400, error: 0.004),
    ])
    #expect(entry.winner?.kernel == "direct.pixels")
    #expect(entry.record(of: "decomposed.channels", ["tile": 8])?.verdict == .inexact)
    #expect(entry.ranking().map(\.kernel) == ["direct.pixels"])
    #expect(entry.ranking(maximumError: 0.003).map(\.kernel) == ["direct.pixels"])
    #expect(entry.ranking(maximumError: 0.004).map(\.kernel) == ["decomposed.channels", "direct.pixels"])
    let alone = try Self.entry([try Fixture.record("decomposed.channels", 8, 400, error: 0.004)])
    #expect(alone.winner == nil && alone.ranking(maximumError: 0.01).count == 1)
    let slower = try Self.entry([
      try Fixture.record("direct.pixels", 6, 300), try Fixture.record("decomposed.channels", 8, 400, error: 0.004),
    ])
    #expect(slower.record(of: "decomposed.channels", ["tile": 8])?.verdict == .lost)
  }

  @Test("A tuner's own ruling stands, and survives merging with older results")
  func ruling() throws {
    let key = Fixture.key(try Fixture.convolution())
    let first = try Fixture.record("direct.pixels", 6, 1000, at: 60)
    let second = try Fixture.record("im2col.gemm", 16, 1010, at: 60)
    var database = PlatformDatabase(platform: try Fixture.platform(), created: Fixture.start)
    database.record([first, second], for: key, ruling: (winner: second, tied: [first]))
    #expect(database.entry(key)?.winner?.kernel == "im2col.gemm")
    database.record([], for: key, ruling: (winner: second, tied: []))
    #expect(database.entry(key)?.ranking().map(\.kernel) == ["im2col.gemm", "direct.pixels"])
    var older = PlatformDatabase(platform: try Fixture.platform(), created: Fixture.start)
    older.record([try Fixture.record("direct.pixels", 6, 500, at: 0)], for: key)
    try older.merge(database)
    #expect(older.entry(key) == database.entry(key))
    let failed = CandidateRecord.refused(kernel: "x.y", version: 1, reason: "no")
    database.record([failed], for: key, ruling: (winner: failed, tied: []))
    #expect(database.entry(key)?.winner?.kernel == "direct.pixels")
  }

  @Test("What failed has its reason, and no time to win by")
  func failures() throws {
    let candidate = try #require(try Fixture.registry().candidates(for: Fixture.convolution()).first)
    let reason = String(repeating: "x", count: 5000)
    let record = CandidateRecord.failed(candidate, .wrong, reason: reason, maximumError: .infinity)
    #expect(record.reason?.count == CandidateRecord.maximumReasonLength && record.maximumError == nil)
    let entry = try Self.entry([record])
    #expect(entry.winner == nil && entry.ranking(maximumError: 1).isEmpty)
  }
}
