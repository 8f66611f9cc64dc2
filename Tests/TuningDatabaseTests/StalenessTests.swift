import LayerKernels
import Testing
import TuningDatabase

@Suite("What no longer holds")
struct StalenessTests {
  private static func kernels(directVersion: Int = 2, tiles: [Int] = [6, 8, 14]) -> [NamedKernel] {
    [
      NamedKernel(identifier: "direct.pixels", version: directVersion, tiles: tiles),
      NamedKernel(identifier: "im2col.gemm", aliases: ["im2col.explicit"], tiles: [16, 32], layout: .rowMajor),
    ]
  }

  private static func database() throws -> PlatformDatabase {
    let problem = try Fixture.convolution()
    var database = PlatformDatabase(platform: try Fixture.platform(), created: Fixture.start)
    database.record(
      [try Fixture.record("direct.pixels", 6, 900), try Fixture.record("im2col.gemm", 16, 1500)],
      for: Fixture.key(problem), search: try Fixture.search(.normal, problem: problem, kernels: kernels()))
    return database
  }

  private static func entry() throws -> TuningEntry {
    try #require(try database().entries.first)
  }

  @Test("Results of the kernels that run now are not stale")
  func fresh() throws {
    let library = try Fixture.library(Self.kernels())
    let entry = try Self.entry()
    #expect(library.staleness(of: entry).isEmpty && library.isUsable(entry))
  }

  @Test("A winner of another kernel version is not used, and the reason names both versions")
  func kernelVersion() throws {
    let library = try Fixture.library(Self.kernels(directVersion: 3))
    #expect(
      library.staleness(of: try Self.entry()) == [.kernelVersion(kernel: "direct.pixels", stored: 2, current: 3)])
    #expect(!library.isUsable(try Self.entry()))
  }

  @Test("A winner that calls another release of a vendor's library is not used")
  func vendorRelease() throws {
    func version(_ minor: Int) -> Int {
      VendorLibrary(name: "oneDNN", major: 2, minor: minor, patch: 0).kernelVersion(revision: 1)
    }
    func kernels(_ minor: Int) -> [NamedKernel] {
      [NamedKernel(identifier: "onednn.convolution", version: version(minor))]
    }
    let problem = try Fixture.convolution()
    var database = PlatformDatabase(platform: try Fixture.platform(), created: Fixture.start)
    database.record(
      [try Fixture.record("onednn.convolution", 1, 900, kernels: kernels(6))], for: Fixture.key(problem),
      search: try Fixture.search(.normal, problem: problem, kernels: kernels(6)))
    let entry = try #require(database.entries.first)
    #expect(try Fixture.library(kernels(6)).isUsable(entry))
    let updated = try Fixture.library(kernels(7))
    #expect(!updated.isUsable(entry))
    #expect(
      updated.staleness(of: entry)
        == [.kernelVersion(kernel: "onednn.convolution", stored: version(6), current: version(7))])
  }

  @Test("A loser of another version leaves the winner in use")
  func loserVersion() throws {
    var kernels = Self.kernels()
    kernels[1].version = 5
    let library = try Fixture.library(kernels)
    let entry = try Self.entry()
    #expect(library.staleness(of: entry).count == 1 && library.isUsable(entry))
  }

  @Test("Another library version makes times stale where it says so")
  func libraryVersion() throws {
    let old = LibraryVersion(LibraryVersion.current.major + 1, 0, 0)
    let library = try Fixture.library(Self.kernels(), version: old)
    #expect(library.staleness(of: try Self.entry()) == [.libraryVersion(stored: .current, current: old)])
  }

  @Test("Other instruction sets make a whole database stale")
  func platform() throws {
    let host = try Fixture.platform(instructionSets: ["portable", "avx2"])
    let library = try Fixture.library(Self.kernels(), host: host)
    #expect(library.staleness(of: try Self.database())?.description.contains("instruction sets") == true)
    #expect(try Fixture.library(Self.kernels(), host: Fixture.platform(l3: 16)).staleness(of: Self.database()) == nil)
  }

  @Test("A kernel that was renamed is found by its alias")
  func alias() throws {
    let old = [NamedKernel(identifier: "im2col.explicit", tiles: [16])]
    let record = try Fixture.record("im2col.explicit", 16, 100, kernels: old)
    let library = try Fixture.library(Self.kernels())
    #expect(library.staleness(of: record, operation: "convolution") == nil)
    #expect(library.kernel("im2col.explicit", operation: "convolution")?.identifier == "im2col.gemm")
    #expect(library.kernel("im2col.explicit", operation: "pooling") == nil)
  }

  @Test("A problem tuned as thoroughly as asked has nothing pending; higher effort satisfies lower")
  func effort() throws {
    let library = try Fixture.library(Self.kernels())
    let offers = try Fixture.registry(Self.kernels()).answers(for: Fixture.convolution()).map { KernelOffer($0) }
    let entry = try Self.entry()
    #expect(library.pendingKernels(of: entry, offers: offers, effort: .quick).isEmpty)
    #expect(library.pendingKernels(of: entry, offers: offers, effort: .normal).isEmpty)
    #expect(library.pendingKernels(of: entry, offers: offers, effort: .thorough) == ["direct.pixels", "im2col.gemm"])
    #expect(library.pendingKernels(of: nil, offers: offers, effort: .quick).count == 2)
    let unfinished = TuningEntry(key: entry.key, candidates: entry.candidates)
    #expect(library.pendingKernels(of: unfinished, offers: offers, effort: .quick).count == 2)
  }

  @Test("Only a kernel that is new, changed or offers otherwise is pending")
  func pending() throws {
    let problem = try Fixture.convolution()
    func pending(_ kernels: [NamedKernel]) throws -> [KernelIdentifier] {
      let offers = try Fixture.registry(kernels).answers(for: problem).map { KernelOffer($0) }
      return try Fixture.library(kernels).pendingKernels(of: Self.entry(), offers: offers, effort: .normal)
    }
    #expect(try pending(Self.kernels() + [NamedKernel(identifier: "mine.fast")]) == ["mine.fast"])
    #expect(try pending(Self.kernels(directVersion: 3)) == ["direct.pixels"])
    #expect(try pending(Self.kernels(tiles: [6, 8])) == ["direct.pixels"])
    #expect(try pending(Self.kernels(tiles: [14, 8, 6])).isEmpty)
    #expect(try pending([Self.kernels()[0]]).isEmpty)
    let renamed = [
      Self.kernels()[0], NamedKernel(identifier: "im2col.new", aliases: ["im2col.gemm"], tiles: [16, 32]),
    ]
    #expect(try pending(renamed).isEmpty)
  }

  @Test("Pruning removes stale candidates, entries without any, and stale profiles; unknown kernels only when asked")
  func pruning() throws {
    var database = try Fixture.database()
    let total = database.entries.flatMap(\.candidates).count
    #expect(database.prune(try Fixture.library()) == PlatformDatabase.Pruned())
    let without = Fixture.kernels.filter { $0.identifier != "im2col.gemm" }
    #expect(database.prune(try Fixture.library(without)) == PlatformDatabase.Pruned())
    let unknown = database.prune(try Fixture.library(without), removingUnknownKernels: true)
    #expect(unknown.candidates == 12 && unknown.entries == 0)
    #expect(database.entries.flatMap(\.candidates).count == total - 12)
    var kernels = Fixture.kernels
    kernels[0].version = 9
    let pruned = database.prune(try Fixture.library(kernels))
    #expect(pruned.candidates == 18 && pruned.profiles == 1 && database.profiles.isEmpty)
    #expect(database.entries.allSatisfy { $0.winner == nil || $0.winner?.kernel != "direct.pixels" })
    for index in kernels.indices { kernels[index].version = 9 }
    let rest = database.prune(try Fixture.library(kernels))
    #expect(rest.entries == 6 && database.isEmpty)
  }

  @Test("An entry without its stale results keeps the others, unknown kernels among them")
  func removingStale() throws {
    let entry = try Self.entry()
    #expect(try Fixture.library(Self.kernels()).removingStale(entry) == entry)
    #expect(try Fixture.library([]).removingStale(entry) == entry)
    let rest = try Fixture.library(Self.kernels(directVersion: 3)).removingStale(entry)
    #expect(rest.candidates.map(\.kernel) == ["im2col.gemm"] && rest.winner?.kernel == "im2col.gemm")
    #expect(rest.search == entry.search)
  }

  @Test("Pruning away the winner lets the next in line win")
  func successor() throws {
    var database = try Self.database()
    database.prune(try Fixture.library(Self.kernels(directVersion: 3)))
    #expect(database.entries.first?.winner?.kernel == "im2col.gemm")
  }
}
