import Foundation
import Testing

/// What a run costs beside time, measured in processes of their own; the allocator and the locks of `hot-path` count.
@Suite("The hot path")
struct HotPathTests {
  /// The sanitizers bring an allocator of their own, which leaves no room for one that counts.
  static let isSanitized = isDefined("__asan_init") || isDefined("__tsan_init")

  private static func isDefined(_ symbol: String) -> Bool { dlsym(nil, symbol) != nil }

  @Test(
    "A thousand runs allocate nothing and take no lock, whatever kernels run them",
    .enabled(if: !isSanitized), arguments: ["", "reference", "direct", "im2col", "winograd", "decomposed"],
    ["shufflenet_v2_x0_5", "mobilenet_v2_x0_35", "squeezenet_1_1"])
  func calls(family: String, network: String) throws {
    var arguments = ["--network", network, "--runs", family == "reference" ? "20" : "1000"]
    if !family.isEmpty { arguments += ["--family", family] }
    // Where OpenBLAS is the system's BLAS, its idle threads would take locks of their own now and then.
    let run = try ProgramRun("hot-path", arguments, environment: ["OPENBLAS_NUM_THREADS": "1"])
    #expect(run.status == 0, "\(run.errors)")
    let counts = try run.object()
    // The counters work: loading the network went through them.
    #expect(try #require(counts["allocations_before"] as? Int) > 1000)
    #expect(try #require(counts["locks_before"] as? Int) > 0)
    #expect(counts["allocations"] as? Int == 0)
    #expect(counts["locks"] as? Int == 0)
  }

  @Test("With two threads a thousand runs allocate nothing", .enabled(if: !isSanitized))
  func threads() throws {
    let run = try ProgramRun("hot-path", ["--threads", "2"])
    #expect(run.status == 0, "\(run.errors)")
    #expect(try run.object()["allocations"] as? Int == 0)
  }

  @Test("A hundred thousand runs leave the resident memory within one percent", arguments: [1, 2])
  func memory(threads: Int) throws {
    let run = try ProgramRun(
      "network-process", ["memory", "--threads", "\(threads)", "--runs", Self.isSanitized ? "1000" : "100000"])
    #expect(run.status == 0, "\(run.errors)")
    let use = try run.object()
    let before = use["before"] as? Double ?? 0
    let after = use["after"] as? Double ?? .infinity
    #expect(before > 0)
    // An address sanitizer keeps what is freed for a while.
    if !Self.isSanitized { #expect(after <= before * 1.01, "\(before) bytes became \(after)") }
  }

  @Test(
    "Children that are forked off after a network has run get the same bits from it, and from one that they load",
    arguments: ["run", "load", "share"], [1, 2])
  func children(deed: String, threads: Int) throws {
    if Self.isDefined("__tsan_init") {
      try Test.cancel("thread sanitizer's runtime does not let a forked child start threads")
    }
    let run = try ProgramRun("network-process", ["children", "--deed", deed, "--threads", "\(threads)"])
    #expect(run.status == 0, "\(run.errors)")
    #expect(try run.object()["statuses"] as? [Int] == Array(repeating: 0, count: 20))
  }
}
