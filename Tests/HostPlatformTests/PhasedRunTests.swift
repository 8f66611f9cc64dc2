import Foundation
import HostPlatform
import Synchronization
import Testing

@Suite("Runs in phases")
struct PhasedRunTests {
  /// Counts what is run: `@unchecked Sendable`, because all that changes is atomic.
  final class Log: @unchecked Sendable {
    static let phases = 40
    let done = (0..<Log.phases).map { _ in ManagedCounter() }
    let finished = ManagedCounter()
    let mistakes = ManagedCounter()
    let mostShares = ManagedCounter()
    let entered = ManagedCounter()
  }

  final class ManagedCounter: Sendable {
    let value = Atomic<Int>(0)
    var number: Int { value.load(ordering: .acquiring) }
    func add() { value.wrappingAdd(1, ordering: .acquiringAndReleasing) }
    func raise(to number: Int) { value.max(number, ordering: .acquiringAndReleasing) }
  }

  struct Work: PhasedWork {
    let log: Log
    /// The share that takes its time, as one on a core that others want.
    var slowShare: Int?

    var phaseCount: Int { Log.phases }
    // Every third phase is one member's.
    func shareCount(ofPhase phase: Int, members: Int) -> Int { phase % 3 == 2 ? 1 : members }
    func run(phase: Int, share: Int, of count: Int) {
      if log.finished.number != phase || share >= count { log.mistakes.add() }
      if share == slowShare { usleep(200) }
      log.mostShares.raise(to: count)
      log.done[phase].add()
    }
    func finish(phase: Int) {
      let shares = log.done[phase].number
      if shares < 1 || (phase % 3 == 2 && shares != 1) || log.finished.number != phase { log.mistakes.add() }
      log.finished.add()
    }
    func withMember(_ body: () -> Void) {
      log.entered.add()
      body()
    }
  }

  private func check(_ log: Log, _ threads: Int) -> Bool {
    let shares = log.mostShares.number
    return log.mistakes.number == 0 && log.finished.number == Log.phases && (1...threads).contains(shares)
      && (0..<Log.phases).allSatisfy { log.done[$0].number == ($0 % 3 == 2 ? 1 : shares) }
  }

  @Test("Every share of every phase is run once, and no phase begins before the last is done", arguments: [1, 2, 3, 8])
  func shares(threads: Int) throws {
    let team = try ThreadTeam(threads: threads)
    for round in 0..<200 {
      let log = Log()
      team.run(phases: Work(log: log, slowShare: round % 50 == 0 ? round / 50 : nil))
      #expect(check(log, threads))
    }
  }

  @Test("One team serves sixteen callers at the same time")
  func callers() throws {
    let team = try ThreadTeam(threads: 2)
    let found = Collected<Bool>()
    onThreads(16) { _ in
      for _ in 0..<20 {
        let log = Log()
        team.run(phases: Work(log: log))
        found.add(check(log, 2))
      }
    }
    #expect(found.values == Array(repeating: true, count: 320))
  }

  @Test(
    "A caller that is bound to one core later runs alone, and with others again when it is not",
    .enabled(if: !Affinity.current.cores.isEmpty))
  func affinity() throws {
    let team = try ThreadTeam(threads: 2)
    let before = Affinity.current
    let found = Collected<Int>()
    onThreads(1) { _ in
      for affinity in [before, Affinity(cores: Array(before.cores.prefix(1))), before] {
        try? affinity.apply()
        let log = Log()
        team.run(phases: Work(log: log))
        found.add(log.mostShares.number)
      }
    }
    #expect(found.values[1] == 1)
    #expect(found.values.allSatisfy { (1...2).contains($0) })
  }

  @Test("The environment's wait policies are understood as OpenMP's are")
  func policies() {
    #expect(ThreadTeam.environmentBlocktime(["KMP_BLOCKTIME": "0"]) == 0)
    #expect(ThreadTeam.environmentBlocktime(["KMP_BLOCKTIME": "200ms"]) == 200)
    #expect(ThreadTeam.environmentBlocktime(["KMP_BLOCKTIME": "5000us"]) == 5)
    #expect(ThreadTeam.environmentBlocktime(["KMP_BLOCKTIME": "infinite"]) == 60_000)
    #expect(ThreadTeam.environmentBlocktime(["KMP_BLOCKTIME": "99999999999999999999"]) == ThreadTeam.defaultBlocktime)
    #expect(ThreadTeam.environmentBlocktime(["OMP_WAIT_POLICY": "PASSIVE"]) == 0)
    #expect(ThreadTeam.environmentBlocktime(["OMP_WAIT_POLICY": "nonsense"]) == ThreadTeam.defaultBlocktime)
  }
}
