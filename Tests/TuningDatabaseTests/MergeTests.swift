import LayerKernels
import Testing
import TuningDatabase

@Suite("Merging databases")
struct MergeTests {
  /// Databases of one platform with random parts of the same problems, measured at moments that often coincide.
  private static func random(_ seed: UInt64) throws -> PlatformDatabase {
    var random = RandomSource(seed: seed)
    func pick(_ count: Int) -> Int { min(Int((random.nextFloat(magnitude: 1) + 1) / 2 * Float(count)), count - 1) }
    var database = PlatformDatabase(
      platform: try Fixture.platform(), created: Timestamp(seconds: Fixture.start.seconds + pick(5)))
    for channels in [58, 116, 232] where pick(4) > 0 {
      let problem = try Fixture.convolution(channels: channels)
      let version = 1 + pick(2)
      let kernels = [
        NamedKernel(identifier: "a.one", version: version, tiles: [1, 2]), NamedKernel(identifier: "b.two"),
        NamedKernel(identifier: "c.near", error: .approximate(relativeError: 0.01)),
      ]
      var records: [CandidateRecord] = []
      for candidate in try Fixture.registry(kernels).candidates(for: problem) where pick(3) > 0 {
        let moment = Timestamp(seconds: Fixture.start.seconds + pick(3))
        if pick(6) == 0 {
          records.append(.failed(candidate, .crashed, reason: "signal \(pick(3))", measured: moment))
        } else {
          records.append(
            .timed(
              candidate, time: try Fixture.time(1000 + 15 * Double(pick(12))), maximumError: 0.001,
              wasDropped: pick(5) == 0, measured: moment))
        }
      }
      let ruling = records.last { $0.verdict.isTimed }.map { (winner: $0, tied: records) }
      let search =
        pick(2) == 0
        ? try Fixture.search(TuningEffort.allCases[pick(3)], problem: problem, at: pick(2), kernels: kernels) : nil
      database.record(
        records, for: Fixture.key(problem, threads: 1 + pick(2)), ruling: pick(2) == 0 ? ruling : nil, search: search,
        at: Fixture.start)
    }
    if pick(2) == 0 { database.record(try profile(at: pick(2), node: "n\(pick(2))"), at: Fixture.start) }
    return database
  }

  private static func profile(at second: Int, node: String) throws -> NetworkProfile {
    let problem = try Fixture.convolution()
    return NetworkProfile(
      key: .init(network: "net", fingerprint: "ab", inputShapes: [problem.inputShape], threads: 1),
      layers: [
        .init(node: node, candidate: try Fixture.registry().defaultCandidate(for: problem), threads: 1)
      ], effort: .quick, tuned: Timestamp(seconds: Fixture.start.seconds + second))
  }

  private static func merged(_ databases: PlatformDatabase...) throws -> [UInt8] {
    var result = databases[0]
    for other in databases.dropFirst() { try result.merge(other) }
    return try result.encoded()
  }

  @Test(
    "In whatever order files are merged, the result has the same bytes; merging twice changes nothing",
    arguments: 0..<200)
  func semilattice(seed: UInt64) throws {
    let a = try Self.random(seed * 3 + 1)
    let b = try Self.random(seed * 3 + 2)
    let c = try Self.random(seed * 3 + 3)
    #expect(try Self.merged(a, a) == a.encoded())
    #expect(try Self.merged(a, b) == Self.merged(b, a))
    var ab = a
    try ab.merge(b)
    var bc = b
    try bc.merge(c)
    #expect(try Self.merged(ab, c) == Self.merged(a, bc))
    #expect(try Self.merged(ab, a, b) == ab.encoded())
  }

  @Test("Every candidate of either side is there, the newer record of one that both have")
  func union() throws {
    let problem = try Fixture.convolution()
    let key = Fixture.key(problem)
    var old = PlatformDatabase(platform: try Fixture.platform(), created: Fixture.start)
    old.record(
      [try Fixture.record("direct.pixels", 6, 900, at: 0), try Fixture.record("im2col.gemm", 16, 1500, at: 0)], for: key
    )
    var new = PlatformDatabase(platform: try Fixture.platform(), created: Fixture.start)
    new.record(
      [try Fixture.record("direct.pixels", 6, 2000, at: 60), try Fixture.record("direct.pixels", 8, 1900, at: 60)],
      for: key)
    try old.merge(new)
    let entry = try #require(old.entry(key))
    #expect(entry.candidates.map(\.name) == ["direct.pixels tile=6", "direct.pixels tile=8", "im2col.gemm tile=16"])
    #expect(entry.record(of: "direct.pixels", ["tile": 6])?.time?.medianNanoseconds == 2000)
    #expect(entry.winner?.name == "im2col.gemm tile=16")
    #expect(entry.candidates.map(\.verdict) == [.lost, .lost, .won])
  }

  @Test("Recording an entry is merging a database with nothing else")
  func entry() throws {
    for seed in 0..<20 as Range<UInt64> {
      let a = try Self.random(seed)
      let b = try Self.random(seed + 100)
      var recorded = a
      for entry in b.entries { recorded.record(entry, at: b.updated) }
      var merged = a
      try merged.merge(b)
      #expect(recorded.entries == merged.entries)
    }
  }

  @Test("Of a kernel's versions only the highest stays, also when it is older")
  func versions() throws {
    let problem = try Fixture.convolution()
    let key = Fixture.key(problem)
    let newer = [NamedKernel(identifier: "direct.pixels", version: 3, tiles: [6, 8])]
    var database = PlatformDatabase(platform: try Fixture.platform(), created: Fixture.start)
    database.record([try Fixture.record("direct.pixels", 8, 1000, at: 0, kernels: newer)], for: key)
    database.record([try Fixture.record("direct.pixels", 6, 500, at: 60)], for: key)
    #expect(database.entry(key)?.candidates.map(\.version) == [3])
    #expect(database.entry(key)?.winner?.name == "direct.pixels tile=8")
  }

  @Test("The more thorough search stays, of equally thorough ones the newer")
  func searches() throws {
    let problem = try Fixture.convolution()
    let key = Fixture.key(problem)
    var database = PlatformDatabase(platform: try Fixture.platform(), created: Fixture.start)
    database.record([], for: key, search: try Fixture.search(.thorough, problem: problem, at: 0))
    database.record([], for: key, search: try Fixture.search(.quick, problem: problem, at: 60))
    #expect(database.entry(key)?.search?.effort == .thorough)
    database.record([], for: key, search: try Fixture.search(.thorough, problem: problem, at: 90))
    #expect(database.entry(key)?.search?.finished.seconds == Fixture.start.seconds + 90)
  }

  @Test("A database of another or a near platform is not merged in")
  func platforms() throws {
    for other in [
      try Fixture.platform(microarchitecture: "Zen 3"), try Fixture.platform(instructionSets: ["portable", "avx2"]),
      try Fixture.platform(l3: 16),
    ] {
      var database = try Fixture.database()
      let before = try database.encoded()
      #expect(throws: TuningDatabaseError.self) { try database.merge(PlatformDatabase(platform: other)) }
      #expect(try database.encoded() == before)
    }
  }

  @Test("A difference names what came, went, and won otherwise")
  func difference() throws {
    let problem = try Fixture.convolution()
    let other = try Fixture.convolution(channels: 24)
    var old = PlatformDatabase(platform: try Fixture.platform(), created: Fixture.start)
    old.record(
      [try Fixture.record("direct.pixels", 6, 900), try Fixture.record("im2col.gemm", 16, 1500)],
      for: Fixture.key(problem))
    old.record(try Self.profile(at: 0, node: "a"))
    #expect(DatabaseDifference(from: old, to: old).isEmpty)
    var new = old
    new.record([try Fixture.record("direct.pixels", 6, 1900, at: 5)], for: Fixture.key(problem))
    new.record([try Fixture.record("direct.pixels", 6, 100, problem: other)], for: Fixture.key(other))
    new.record(try Self.profile(at: 1, node: "b"))
    let text = DatabaseDifference(from: old, to: new).description
    #expect(
      text == """
        + \(other.key), 1 thread: direct.pixels tile=6 0.1 µs
        ~ \(problem.key), 1 thread: direct.pixels tile=6 0.9 µs → im2col.gemm tile=16 1.5 µs
        ~ profile net 1x58x28x28, 1 thread: 2 layers: a, b
        """)
    #expect(DatabaseDifference(from: new, to: old).changes.count == 3)
    var slower = old
    slower.record([try Fixture.record("direct.pixels", 6, 990, at: 5)], for: Fixture.key(problem))
    #expect(DatabaseDifference(from: old, to: slower).description.contains("0.9 µs → 0.99 µs"))
    #expect(DatabaseDifference(from: old, to: slower, tolerance: 0.2).isEmpty)
  }

  @Test("A difference names kernels and libraries whose version changed, with the results that they changed")
  func changedVersions() throws {
    let problem = try Fixture.convolution()
    func database(
      direct: (version: Int, time: Double), im2col: (version: Int, time: Double), library: LibraryVersion = .current
    ) throws -> PlatformDatabase {
      let kernels = [
        NamedKernel(identifier: "direct.pixels", version: direct.version, tiles: [6]),
        NamedKernel(identifier: "im2col.gemm", version: im2col.version, tiles: [16]),
      ]
      var database = PlatformDatabase(platform: try Fixture.platform(), created: Fixture.start)
      database.record(
        [
          try Fixture.record("direct.pixels", 6, direct.time, kernels: kernels, library: library),
          try Fixture.record("im2col.gemm", 16, im2col.time, kernels: kernels, library: library),
        ], for: Fixture.key(problem))
      return database
    }
    let old = try database(direct: (2, 900), im2col: (1, 1500))
    func text(_ new: PlatformDatabase) -> String { DatabaseDifference(from: old, to: new).description }
    let start = "~ \(problem.key), 1 thread: "
    #expect(
      text(try database(direct: (3, 1900), im2col: (1, 1500)))
        == start + "direct.pixels tile=6 0.9 µs → im2col.gemm tile=16 1.5 µs; direct.pixels version 2 → 3")
    #expect(
      text(try database(direct: (3, 500), im2col: (2, 1500)))
        == start + "direct.pixels tile=6 0.9 µs → 0.5 µs; direct.pixels version 2 → 3, im2col.gemm version 1 → 2")
    #expect(
      text(try database(direct: (2, 900), im2col: (2, 1500)))
        == start + "the same winner; im2col.gemm version 1 → 2")
    let later = LibraryVersion(LibraryVersion.current.major + 1, 0, 0)
    #expect(
      text(try database(direct: (2, 900), im2col: (1, 1500), library: later))
        == start + "the same winner; library \(LibraryVersion.current) → \(later)")
  }
}
