import ArgumentParser
import Foundation
import HostPlatform
import Synchronization

/// Counts the members of a team's run after each change of a control group's quota, while the team lives on.
struct Members: ParsableCommand {
  @Option(help: "The file that says what the group may use.")
  var file: String

  @Argument(help: "What is written to the file, one after the other.")
  var quotas: [String]

  func run() throws {
    let team = try ThreadTeam(threads: 2)
    var counts: [Int] = []
    for quota in quotas {
      guard let handle = FileHandle(forWritingAtPath: file) else { throw ValidationError("cannot write \(file)") }
      try handle.write(contentsOf: Data(quota.utf8))
      try handle.close()
      // The quota is looked at twice a second.
      usleep(700_000)
      let work = OnePhase()
      team.run(phases: work)
      counts.append(work.members.value.load(ordering: .acquiring))
    }
    print("{\"members\": \(counts)}")
  }

  private final class Count: Sendable {
    let value = Atomic<Int>(0)
  }

  private struct OnePhase: PhasedWork {
    let members = Count()
    var phaseCount: Int { 1 }
    func shareCount(ofPhase phase: Int, members: Int) -> Int { members }
    func run(phase: Int, share: Int, of count: Int) { members.value.store(count, ordering: .releasing) }
    func finish(phase: Int) {}
    func withMember(_ body: () -> Void) { body() }
  }
}
