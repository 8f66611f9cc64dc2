import Foundation
import Luthier
import Testing

/// What surrounds a process counts: the cores that it was given, the limits of its group, and signals.
@Suite("Programs and their surroundings")
struct SurroundingsTests {
  static let hasTaskset = FileManager.default.isExecutableFile(atPath: "/usr/bin/taskset")

  /// The cores that a program counts as usable when it is started by a command line in front of it.
  private func usableCores(_ prefix: [String], environment: [String: String] = [:]) throws -> Int {
    let run = try ProgramRun("network-process", ["cores"], environment: environment, behind: prefix)
    #expect(run.status == 0, "\(run.errors)")
    let counts = try run.object()
    let usable = try #require(counts["usable"] as? Int)
    #expect(counts["team"] as? Int == usable)
    return usable
  }

  @Test("A program that is bound to one core counts one, and its default team has one thread", .enabled(if: hasTaskset))
  func cpuset() throws {
    let core = try #require(Affinity.current.cores.last)
    #expect(try usableCores(["/usr/bin/taskset", "-c", "\(core)"]) == 1)
  }

  @Test("A control group with one core in its set makes a program count one, and its default team has one thread")
  func groupOfOneCore() throws {
    // Version 1 has a tree of its own, where a new group starts with no core and no memory node.
    let core = try #require(Affinity.current.cores.last)
    let parents = ["/sys/fs/cgroup/cpuset", "/sys/fs/cgroup"]
    let parent = parents.first { parent in
      ["cpuset.cpus", "cpuset.cpus.effective"].contains { FileManager.default.fileExists(atPath: "\(parent)/\($0)") }
    }
    guard let parent else {
      try Test.cancel("the system has no control groups with sets of cores")
    }
    let folder = "\(parent)/luthier-\(UUID().uuidString)"
    guard (try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)) != nil else {
      try Test.cancel("no control group can be made here")
    }
    defer { rmdir(folder) }
    let nodes = (try? String(contentsOfFile: "\(parent)/cpuset.mems", encoding: .utf8)) ?? ""
    // Version 2 takes over its parent's nodes by itself.
    if !nodes.isEmpty { _ = FileHandle(forWritingAtPath: "\(folder)/cpuset.mems")?.put(nodes) }
    guard FileHandle(forWritingAtPath: "\(folder)/cpuset.cpus")?.put("\(core)") == true else {
      try Test.cancel("the control group takes no set of cores")
    }
    #expect(try usableCores(["/bin/sh", "-c", "echo $$ > \(folder)/cgroup.procs && exec \"$0\" \"$@\""]) == 1)
  }

  @Test("OMP_NUM_THREADS and OMP_THREAD_LIMIT bound the cores that a program counts")
  func environment() throws {
    #expect(try usableCores([], environment: ["OMP_NUM_THREADS": "1"]) == 1)
    #expect(try usableCores([], environment: ["OMP_THREAD_LIMIT": "1"]) == 1)
    #expect(try usableCores([], environment: ["OMP_NUM_THREADS": "4096"]) == Processor.current.usableCores)
  }

  /// A control group of a test's own, for what its quota does.
  private final class QuotaGroup {
    let folder: String
    let file: String
    /// What the file takes for one core, and for all of them.
    let oneCore: String
    let noLimit: String
    /// What starts a program in the group: the shell joins it and becomes the program.
    var prefix: [String] { ["/bin/sh", "-c", "echo $$ > \(folder)/cgroup.procs && exec \"$0\" \"$@\""] }

    private init(folder: String) {
      // Version 1 and version 2 keep the quota in different files.
      let isVersion1 = FileManager.default.fileExists(atPath: "\(folder)/cpu.cfs_quota_us")
      self.folder = folder
      file = "\(folder)/\(isVersion1 ? "cpu.cfs_quota_us" : "cpu.max")"
      (oneCore, noLimit) = isVersion1 ? ("100000", "-1") : ("100000 100000", "max 100000")
    }

    /// A group with a quota of one core; cancels the test where the system has none to give.
    static func withOneCore() throws -> QuotaGroup {
      let folders = ["/sys/fs/cgroup/cpu", "/sys/fs/cgroup"].map { "\($0)/luthier-\(UUID().uuidString)" }
      let made = folders.first {
        (try? FileManager.default.createDirectory(atPath: $0, withIntermediateDirectories: false)) != nil
      }
      guard let made else { try Test.cancel("no control group can be made here") }
      let group = QuotaGroup(folder: made)
      guard FileHandle(forWritingAtPath: group.file)?.put(group.oneCore) == true else {
        try Test.cancel("the control group takes no quota")
      }
      return group
    }

    deinit { rmdir(folder) }
  }

  @Test("A control group with a quota of one core makes a program count one")
  func quota() throws {
    let group = try QuotaGroup.withOneCore()
    #expect(try usableCores(group.prefix) == 1)
  }

  @Test(
    "A team follows a quota that changes while it lives",
    .enabled(if: Processor.current.usableCores > 1, "there is one core"))
  func changedQuota() throws {
    let group = try QuotaGroup.withOneCore()
    // Whoever starts with a quota of one core gets more, too, when there are more.
    let quotas = [group.oneCore, group.noLimit, group.oneCore, group.noLimit]
    let run = try ProgramRun(
      "network-process", ["members", "--file", group.file, "--"] + quotas, behind: group.prefix)
    #expect(run.status == 0, "\(run.errors)")
    #expect(try run.object()["members"] as? [Int] == [1, 2, 1, 2])
  }

  @Test("A program ends at once by the signal that asks it to", arguments: [SIGINT, SIGTERM])
  func interruption(signal: Int32) throws {
    let run = try ProgramRun(
      "luthier", ["bench", "shufflenet_v2_x0_5", "--input-size", "32", "--runs", "1000000"],
      interruption: (signal, after: 1))
    #expect(run.status == -signal, "\(run.errors)")
    #expect(run.output.isEmpty)
  }
}

extension FileHandle {
  fileprivate func put(_ text: String) -> Bool { (try? write(contentsOf: Data(text.utf8))) != nil }
}
