import Foundation
import HostPlatform
import LayerKernels
import Testing
import TuningDatabase

@Suite("Choices from databases")
struct TuningStoreTests {
  private static func database(
    _ winners: [(problem: ConvolutionProblem, kernel: String, tile: Int)], threads: Int = 1,
    platform: PlatformFingerprint? = nil
  ) throws -> PlatformDatabase {
    var database = PlatformDatabase(platform: try platform ?? Fixture.platform(), created: Fixture.start)
    for (problem, kernel, tile) in winners {
      var records = [try Fixture.record(kernel, tile, 500, problem: problem)]
      if kernel != "winograd.f4x4" { records.append(try Fixture.record("winograd.f4x4", 1, 800, problem: problem)) }
      database.record(records, for: Fixture.key(problem, threads: threads))
    }
    return database
  }

  @Test("The user's database answers before the shipped one, and each answer says which it was")
  func overlay() throws {
    let both = try Fixture.convolution()
    let shippedOnly = try Fixture.convolution(channels: 116)
    let store = TuningStore(
      layers: [
        ("user.json", try Self.database([(both, "direct.pixels", 14)])),
        ("shipped.json", try Self.database([(both, "im2col.gemm", 16), (shippedOnly, "im2col.gemm", 32)])),
      ], library: try Fixture.library())
    #expect(store.warnings.isEmpty)
    let first = try #require(store.choice(for: both.key, threads: 1))
    #expect(first.record.name == "direct.pixels tile=14" && first.provenance == .exact(source: "user.json"))
    let second = try #require(store.choice(for: shippedOnly.key, threads: 1))
    #expect(second.record.name == "im2col.gemm tile=32" && second.provenance == .exact(source: "shipped.json"))
    #expect(second.provenance.description == "exact (shipped.json)")
  }

  @Test("A problem that was not tuned is answered by the nearest one, with its distance")
  func nearest() throws {
    let tuned = try [(58, 28), (232, 7), (24, 56)].map { try Fixture.convolution(channels: $0, size: $1) }
    let store = TuningStore(
      layers: [("a.json", try Self.database(tuned.map { ($0, "direct.pixels", 6) }))], library: try Fixture.library())
    let asked = try Fixture.convolution(channels: 116, size: 28)
    guard
      case .nearest(let key, let distance, let source) = try #require(store.choice(for: asked.key, threads: 1))
        .provenance
    else {
      Issue.record("not nearest")
      return
    }
    // Twice the input and twice the output channels: √(ln² 2 + ln² 2).
    #expect(key.problem == tuned[0].key && source == "a.json")
    #expect(abs(distance - 0.9803) < 1e-4)
  }

  @Test("A differing epilogue is a small distance, another filter, stride or grouping is none at all")
  func kinds() throws {
    let tuned = try Fixture.convolution(channels: 58, kernel: 3, groups: 58)
    let store = TuningStore(
      layers: [("a.json", try Self.database([(tuned, "direct.pixels", 6)]))], library: try Fixture.library())
    func distance(_ problem: ConvolutionProblem, threads: Int = 1) -> Double? {
      guard case .nearest(_, let distance, _) = store.choice(for: problem.key, threads: threads)?.provenance else {
        return nil
      }
      return distance
    }
    #expect(
      abs(try #require(distance(try Fixture.convolution(kernel: 3, groups: 58, epilogue: .none))) - 0.1) < 1e-9)
    #expect(distance(try Fixture.convolution(channels: 116, kernel: 3, groups: 116)) != nil)
    #expect(abs(try #require(distance(tuned, threads: 2)) - 0.6931) < 1e-4)
    #expect(distance(try Fixture.convolution(kernel: 5, groups: 58)) == nil)
    #expect(distance(try Fixture.convolution(kernel: 3, stride: 2, groups: 58)) == nil)
    #expect(distance(try Fixture.convolution(kernel: 3, groups: 29)) == nil)
    #expect(distance(try Fixture.convolution(kernel: 3)) == nil)
    #expect(distance(try Fixture.convolution(channels: 4000, size: 2, kernel: 3, groups: 4000)) == nil)
  }

  @Test("A nearest problem's kernel is taken only where it applies and offers the configuration")
  func applicable() throws {
    let tuned = try Fixture.convolution(channels: 200)
    let asked = try Fixture.convolution(channels: 210)
    var database = try Self.database([(tuned, "reference.convolution", 1)])
    let registry = try Fixture.registry()
    var store = TuningStore(layers: [("a.json", database)], library: try Fixture.library())
    var selected = try store.candidate(for: asked, threads: 1, registry: registry)
    #expect(selected.candidate.kernel == "winograd.f4x4" && !selected.provenance.isExact)
    #expect(try store.candidate(for: tuned, threads: 1, registry: registry).candidate.kernel == "reference.convolution")
    // A configuration that the kernel no longer offers is as good as none.
    let other = try Fixture.registry([NamedKernel(identifier: "direct.pixels", version: 2, tiles: [99])])
    database = try Self.database([(tuned, "direct.pixels", 6)])
    store = TuningStore(layers: [("a.json", database)], library: RunningLibrary(other, host: try Fixture.platform()))
    selected = try store.candidate(for: tuned, threads: 1, registry: other)
    #expect(selected.provenance == .heuristic && selected.candidate.name == "direct.pixels tile=99")
    #expect(selected.record == nil)
  }

  @Test("Without any database the registry's default serves")
  func empty() throws {
    let store = TuningStore.empty(library: try Fixture.library())
    let selected = try store.candidate(for: Fixture.convolution(), threads: 1, registry: Fixture.registry())
    #expect(selected.provenance == .heuristic && selected.candidate.name == "direct.pixels tile=6")
  }

  @Test("A winner whose plugin is not loaded gives way to the next candidate; one of another version to nobody")
  func staleWinner() throws {
    let problem = try Fixture.convolution()
    let database = try Self.database([(problem, "direct.pixels", 6)])
    let without = Fixture.kernels.filter { $0.identifier != "direct.pixels" }
    let store = TuningStore(layers: [("a.json", database)], library: try Fixture.library(without))
    #expect(store.choice(for: problem.key, threads: 1)?.kernel == "winograd.f4x4")
    var changed = Fixture.kernels
    changed[0].version = 3
    #expect(
      TuningStore(layers: [("a.json", database)], library: try Fixture.library(changed))
        .choice(for: problem.key, threads: 1) == nil)
  }

  @Test("A renamed kernel's results are found under its alias and answered with today's name")
  func renamed() throws {
    let problem = try Fixture.convolution()
    let database = try Self.database([(problem, "im2col.gemm", 16)])
    var kernels = Fixture.kernels
    kernels[1] = NamedKernel(identifier: "gemm.explicit", aliases: ["im2col.gemm"], tiles: [16, 32])
    let store = TuningStore(layers: [("a.json", database)], library: try Fixture.library(kernels))
    let selected = try store.candidate(for: problem, threads: 1, registry: Fixture.registry(kernels))
    #expect(selected.candidate.kernel == "gemm.explicit" && selected.provenance.isExact)
  }

  @Test("Approximate kernels are chosen within their budget, by the weights' own entry")
  func budget() throws {
    let problem = try Fixture.convolution()
    var database = try Self.database([(problem, "direct.pixels", 6)])
    database.record(
      [try Fixture.record("decomposed.channels", 8, 200, error: 0.01)], for: Fixture.key(problem, weights: "abc"))
    let store = TuningStore(layers: [("a.json", database)], library: try Fixture.library())
    func kernel(_ weights: String?, _ budget: Double) -> KernelIdentifier? {
      store.choice(for: problem.key, threads: 1, weights: weights, maximumError: budget)?.kernel
    }
    #expect(kernel("abc", 0.02) == "decomposed.channels")
    #expect(kernel("abc", 0.001) == "direct.pixels")
    #expect(kernel("abc", 0) == "direct.pixels")
    #expect(kernel("other", 0.02) == "direct.pixels")
    #expect(kernel(nil, 0.02) == "direct.pixels")
  }

  @Test("A near platform's database is used with a warning, a different one's is not")
  func platforms() throws {
    let problem = try Fixture.convolution()
    func store(_ platform: PlatformFingerprint) throws -> TuningStore {
      TuningStore(
        layers: [("p.json", try Self.database([(problem, "direct.pixels", 6)], platform: platform))],
        library: try Fixture.library())
    }
    for near in [try Fixture.platform(l3: 16), try Fixture.platform(cores: 8)] {
      let store = try store(near)
      #expect(store.choice(for: problem.key, threads: 1) != nil)
      #expect(store.warnings.count == 1 && store.warnings[0].contains("near platform"))
    }
    for different in [
      try Fixture.platform(microarchitecture: "Zen 3"), try Fixture.platform(instructionSets: ["portable", "avx2"]),
    ] {
      let store = try store(different)
      #expect(store.choice(for: problem.key, threads: 1) == nil)
      #expect(store.warnings.count == 1 && store.warnings[0].contains("not used"))
    }
  }

  @Test("A profile is found by its whole key, and once a kernel of it has changed not used, with the reason")
  func profiles() throws {
    let database = try Fixture.database()
    let key = try #require(database.profiles.first?.key)
    let store = TuningStore(layers: [("a.json", database)], library: try Fixture.library())
    #expect(store.profile(key)?.source == "a.json" && store.profile(key)?.profile.layer("conv1") != nil)
    let other = NetworkProfile.Key(
      network: key.network, fingerprint: "1234", inputShapes: key.inputShapes, threads: key.threads)
    #expect(store.profile(other) == nil)
    var kernels = Fixture.kernels
    kernels[0].version = 7
    #expect(store.stalenessOfProfile(key)?.reasons == [] && store.stalenessOfProfile(other) == nil)
    let changed = TuningStore(layers: [("a.json", database)], library: try Fixture.library(kernels))
    #expect(changed.profile(key) == nil)
    let stale = try #require(changed.stalenessOfProfile(key))
    #expect(stale.source == "a.json")
    #expect(stale.reasons.map(\.description).contains { $0.contains("has version 7") })
  }
}

@Suite("Where databases lie")
struct DatabaseLocationTests {
  @Test(
    "An argument comes before the variable, the variable before the data folder, that before the home folder",
    arguments: [
      ("/a", ["LUTHIER_TUNING_DB": "/b", "XDG_DATA_HOME": "/c", "HOME": "/d"], "/a", DatabaseLocation.Origin.argument),
      (nil, ["LUTHIER_TUNING_DB": "/b/", "XDG_DATA_HOME": "/c", "HOME": "/d"], "/b", .environment),
      ("", ["LUTHIER_TUNING_DB": "", "XDG_DATA_HOME": "/c", "HOME": "/d"], "/c/luthier", .dataFolder),
      (nil, ["XDG_DATA_HOME": "relative", "HOME": "/d"], "/d/.local/share/luthier", .dataFolder),
      ("rel", ["HOME": "/d"], "rel", .argument),
    ] as [(String?, [String: String], String, DatabaseLocation.Origin)])
  func order(path: String?, environment: [String: String], expected: String, origin: DatabaseLocation.Origin) {
    let location = DatabaseLocation.user(path: path, environment: environment)
    #expect(location == DatabaseLocation(path: expected, origin: origin))
    #expect(location?.isExplicit == (origin != .dataFolder))
  }

  @Test("Without a home there is no location")
  func none() { #expect(DatabaseLocation.user(environment: ["HOME": "relative"]) == nil) }

  @Test("A folder gives the host's own file, else the nearest platform's; broken files of others are a warning")
  func folders() throws {
    try Fixture.withFolder { folder in
      let library = try Fixture.library()
      let problem = try Fixture.convolution()
      func put(_ platform: PlatformFingerprint, _ tile: Int, _ name: String) throws {
        var database = PlatformDatabase(platform: platform, created: Fixture.start)
        database.record([try Fixture.record("direct.pixels", tile, 100)], for: Fixture.key(problem))
        try Fixture.write(try database.encoded(), to: "\(folder)/\(name).json")
      }
      func open() throws -> TuningStore { try .open(user: nil, shipped: folder, library: library) }
      #expect(try open().layers.isEmpty && open().warnings.isEmpty)
      try put(try Fixture.platform(microarchitecture: "Zen 3"), 6, "amd-zen3")
      #expect(try open().layers.isEmpty)
      try put(try Fixture.platform(l3: 16, cores: 8), 8, "amd-zen5-8c-avx512")
      try Fixture.write(Array("{".utf8), to: "\(folder)/broken.json")
      try Fixture.write(Array("{}".utf8), to: "\(folder)/some.schema.json")
      let near = try open()
      #expect(near.choice(for: problem.key, threads: 1)?.record.configuration["tile"] == 8)
      #expect(near.warnings.count == 2)
      try put(try Fixture.platform(l3: 16), 6, "amd-zen5-2c-avx512")
      #expect(try open().choice(for: problem.key, threads: 1)?.record.configuration["tile"] == 6)
      let own = try DatabaseFile(folder: folder, platform: library.host)
      #expect(own.path.hasPrefix("\(folder)/amd-zen5-2c-avx512-"), "the name is another machine's")
      _ = try own.update(platform: library.host) { (database) throws(TuningDatabaseError) in
        database.record(PlatformDatabase.deploymentProfile)
      }
      #expect(try DatabaseLocation(path: folder, origin: .argument).file(of: library.host) == own)
      let single = DatabaseLocation(path: "\(folder)/x.json", origin: .argument)
      #expect(try single.file(of: library.host).path == single.path)
      #expect(try open().layers.map(\.source) == [own.path] && open().warnings.isEmpty)
    }
  }

  @Test("A place that was named must be readable; the default place is only warned of")
  func errors() throws {
    try Fixture.withFolder { folder in
      let library = try Fixture.library()
      let file = "\(folder)/\(library.host.name).json"
      try Fixture.write(Array("[".utf8), to: file)
      for path in [folder, file] {
        #expect(throws: TuningDatabaseError.self) {
          try TuningStore.open(user: DatabaseLocation(path: path, origin: .argument), library: library)
        }
        #expect(throws: TuningDatabaseError.self) {
          try TuningStore.open(user: DatabaseLocation(path: path, origin: .environment), library: library)
        }
        let store = try TuningStore.open(
          user: DatabaseLocation(path: path, origin: .dataFolder), shipped: "\(folder)/none", library: library)
        #expect(store.layers.isEmpty && store.warnings.count == 1)
      }
      let missing = DatabaseLocation(path: "\(folder)/missing.json", origin: .argument)
      #expect(try TuningStore.open(user: missing, library: library).layers.isEmpty)
    }
  }
}

extension PlatformDatabase {
  /// A profile of no network in particular.
  fileprivate static var deploymentProfile: NetworkProfile {
    NetworkProfile(
      key: .init(network: "n", fingerprint: "a", inputShapes: [.scalar], threads: 1), layers: [], effort: .quick,
      tuned: Fixture.start)
  }
}
