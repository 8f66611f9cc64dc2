import Foundation
import Luthier
import Testing

/// What the system refuses costs threads, not the process.
@Suite("Programs without threads, shared memory or sound settings")
struct ThreadLimitTests {
  @Test(
    "Settings for OpenMP that its library dies of change nothing",
    arguments: ["OMP_STACKSIZE", "KMP_STACKSIZE"], ["16k", "100G", "nonsense"])
  func stackSizes(name: String, value: String) throws {
    let run = try ProgramRun(
      "network-process", ["children", "--threads", "2", "--children", "1"], environment: [name: value])
    #expect(run.status == 0, "\(run.errors)")
    #expect(try run.object()["statuses"] as? [Int] == [0])
  }

  @Test("A program loads no threading library that needs shared memory, and leaves none of it")
  func libraries() throws {
    let folder = try TemporaryFolder()
    for program in ["network-process", "libLuthierC.so"] {
      let file = try ProgramRun.products().appendingPathComponent(program).path
      let needed = try CInterfaceTests.execute(["readelf", "-d", file], folder: folder.url)
      try #require(needed.status == 0)
      #expect(!needed.output.contains("omp"))
    }
    let before = Set((try? FileManager.default.contentsOfDirectory(atPath: "/dev/shm")) ?? [])
    _ = try ProgramRun("network-process", ["children", "--threads", "2", "--children", "5"])
    let after = (try? FileManager.default.contentsOfDirectory(atPath: "/dev/shm")) ?? []
    #expect(!after.contains { !before.contains($0) && $0.contains("KMP") })
  }

  @Test("A limit of processes below the number of threads leaves fewer threads, and says so", arguments: [2, 4])
  func processLimit(threads: Int) throws {
    // A user of no processes, because the administrator has no limit.
    let prefix = ["/usr/bin/prlimit", "--nproc=1", "/usr/bin/setpriv", "--reuid=64999", "--clear-groups"]
    let isPossible =
      getuid() == 0 && prefix.filter { $0.hasPrefix("/") }.allSatisfy(FileManager.default.isExecutableFile)
    guard isPossible else {
      print("skipped: limits of another user's processes need the administrator and util-linux")
      return
    }
    let run = try ProgramRun("network-process", ["cores", "--threads", "\(threads)"], behind: prefix)
    #expect(run.status == 0, "\(run.errors)")
    let counts = try run.object()
    #expect(counts["ran"] as? Bool == true)
    #expect((counts["shortage"] as? String)?.contains("0 of \(threads - 1) worker threads") == true)
  }

  @Test(
    "Of the workers of a large team no more than the cores stay after some seconds",
    .enabled(if: access("/proc/self/task", R_OK) == 0))
  func surplus() throws {
    let run = try ProgramRun("network-process", ["idle"])
    #expect(run.status == 0, "\(run.errors)")
    let counts = try run.object()
    #expect(counts["busy"] as? Int ?? 0 >= 32)
    #expect(counts["idle"] as? Int ?? .max <= 1 + max(Processor.current.usableCores - 1, 1))
  }
}
