import Foundation
import HostPlatform
import LayerKernels
import Testing
import TuningDatabase

@Suite("Choices that the kernels refuse")
struct RefusedChoiceTests {
  /// A profile of one layer, and the database that it stands in.
  private static func database(
    _ kernel: KernelIdentifier, _ configuration: KernelConfiguration, allowedError: Double = 0, error: Double? = nil
  ) throws -> PlatformDatabase {
    let problem = try Fixture.convolution()
    let known = try #require(Fixture.kernels.first { $0.identifier == kernel })
    var database = PlatformDatabase(platform: try Fixture.platform(), created: Fixture.start)
    database.record(
      NetworkProfile(
        key: .init(
          network: "n", fingerprint: "00ff00ff00ff00ff", inputShapes: [try TensorShape([1, 3, 8, 8])], threads: 1,
          allowedError: allowedError),
        layers: [
          NetworkProfile.Layer(
            node: "conv", problem: problem.key, kernel: kernel, version: known.version, configuration: configuration,
            layouts: known.layouts(for: problem, configuration: configuration), threads: 1)
        ], effort: .normal, maximumError: error, tuned: Fixture.start))
    return database
  }

  private static func staleness(_ database: PlatformDatabase) throws -> [StalenessReason] {
    try Fixture.library().staleness(of: try #require(database.profiles.first))
  }

  @Test("A profile whose kernel does not take its numbers, or does not apply, is stale and not used")
  func numbers() throws {
    #expect(try Self.staleness(Self.database("direct.pixels", ["tile": 8])).isEmpty)
    for configuration in [["tile": 15], ["tile": -8], [:], ["tile": 8, "more": 1], ["m": 8]] as [KernelConfiguration] {
      let database = try Self.database("direct.pixels", configuration)
      let reasons = try Self.staleness(database)
      #expect(reasons == [.notOffered(kernel: "direct.pixels", configuration: configuration)])
      let store = TuningStore(layers: [("a.json", database)], library: try Fixture.library())
      let key = try #require(database.profiles.first).key
      #expect(store.profile(key) == nil && store.stalenessOfProfile(key)?.reasons == reasons)
      var pruned = database
      #expect(pruned.prune(try Fixture.library()).profiles == 1)
    }
    #expect(
      "\(StalenessReason.notOffered(kernel: "direct.pixels", configuration: ["m": 15]))"
        == "direct.pixels does not take m=15 here")
  }

  @Test("An approximate kernel in a profile needs an allowed error and a recorded one within it")
  func approximateProfile() throws {
    func isUsed(_ allowed: Double, _ error: Double?) throws -> Bool {
      try Self.staleness(
        Self.database("decomposed.channels", ["tile": 8], allowedError: allowed, error: error)
      ).isEmpty
    }
    #expect(try isUsed(0.02, 0.01) && isUsed(0.02, 0.02))
    #expect(try !isUsed(0, nil) && !isUsed(0, 0) && !isUsed(0, 0.01) && !isUsed(0.02, nil) && !isUsed(0.02, 0.03))
    let reason = try #require(try Self.staleness(Self.database("decomposed.channels", ["tile": 8], error: 0.8)).first)
    #expect("\(reason)" == "decomposed.channels is approximate, its recorded error 0.8, and no error is allowed")
  }

  @Test("An exact kernel in a profile for an allowed error needs no recorded one")
  func exactProfile() throws {
    #expect(try Self.staleness(Self.database("direct.pixels", ["tile": 8], allowedError: 0.1)).isEmpty)
  }

  /// An entry whose winner's line was changed in the file.
  private static func entry(replacing text: String, by other: String) throws -> (TuningEntry, PlatformDatabase) {
    let problem = try Fixture.convolution()
    var database = PlatformDatabase(platform: try Fixture.platform(), created: Fixture.start)
    database.record(
      [
        try Fixture.record("direct.pixels", 8, 500), try Fixture.record("decomposed.channels", 8, 100, error: 0.8),
        try Fixture.record("winograd.f4x4", 1, 800),
      ], for: Fixture.key(problem), search: try Fixture.search(.normal, problem: problem))
    let spelled = String(decoding: try database.encoded(), as: UTF8.self)
    try #require(spelled.contains(text), "\(spelled)")
    let changed = try PlatformDatabase(decoding: Array(spelled.replacing(text, with: other).utf8), path: "a.json")
    return (try #require(changed.entries.first), changed)
  }

  @Test("An entry whose kernel does not take its numbers gives way to the next, is stale, and is timed again")
  func entryNumbers() throws {
    let (entry, database) = try Self.entry(replacing: "\"tile\": 8", by: "\"tile\": 15")
    let library = try Fixture.library()
    let winner = try #require(entry.winner)
    #expect(winner.kernel == "direct.pixels" && winner.configuration == ["tile": 15])
    #expect(
      library.staleness(of: entry).contains(.notOffered(kernel: "direct.pixels", configuration: ["tile": 15])))
    let store = TuningStore(layers: [("a.json", database)], library: library)
    #expect(store.choice(for: entry.key.problem, threads: 1)?.kernel == "winograd.f4x4")
    let refused = try #require(store.refusedWinner(of: entry.key.problem, threads: 1))
    #expect(refused.candidate == "direct.pixels tile=15" && refused.source == "a.json")
    let rest = library.removingStale(entry)
    #expect(rest.search == nil && rest.winner?.kernel == "winograd.f4x4")
    let offers = try Fixture.registry().answers(for: Fixture.convolution()).map { KernelOffer($0) }
    #expect(library.pendingKernels(of: rest, offers: offers, effort: .normal).count == offers.count)
  }

  @Test("An entry that calls an approximate kernel exact is not believed")
  func entryApproximate() throws {
    let (sound, before) = try Self.entry(replacing: "decomposed", by: "decomposed")
    let record = try #require(sound.candidates.first { $0.isApproximate })
    #expect(try Fixture.library().staleness(of: record, problem: sound.key.problem) == nil)
    #expect(before.entries.count == 1)
    let claim = CandidateRecord.timed(
      try Fixture.registry([NamedKernel(identifier: "decomposed.channels", tiles: [8])]).candidate(
        named: "decomposed.channels", configuration: ["tile": 8], for: Fixture.convolution()),
      time: try Fixture.time(50), maximumError: 0.8, measured: Timestamp(seconds: Fixture.start.seconds + 10))
    var database = before
    database.record([claim], for: sound.key, at: Fixture.start)
    let library = try Fixture.library()
    #expect(
      library.staleness(of: claim, problem: sound.key.problem)
        == .approximate(kernel: "decomposed.channels", error: 0.8, allowed: 0))
    let store = TuningStore(layers: [("a.json", database)], library: library)
    #expect(store.choice(for: sound.key.problem, threads: 1)?.kernel == "direct.pixels")
  }
}
