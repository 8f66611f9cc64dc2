import HostPlatform

/// Binds the threads that measure to cores of their own while it lives: a thread that moves leaves its caches behind.
///
/// The caller stays where it runs, and the others take the other cores of its affinity in their order. With more threads than
/// cores nothing is bound. What the threads' affinities were they are again when it ends.
final class PinnedTeam {
  private let team: ThreadTeam
  private let before: Affinity
  private let cores: [Int]

  /// Binds the members of a team, which later runs of teams of that size by the calling thread consist of.
  init(_ team: ThreadTeam) {
    self.team = team
    before = Affinity.current
    let here = CoreSharing.currentCore
    let first = before.cores.contains(here) ? [here] : []
    let all = first + before.cores.filter { $0 != here }
    cores = team.threads <= all.count ? Array(all.prefix(team.threads)) : []
    guard !cores.isEmpty else { return }
    CoreAllowance.setPinned(true)
    team.run(Binding(affinities: cores.map { Affinity(cores: [$0]) }))
  }

  deinit {
    guard !cores.isEmpty else { return }
    team.run(Binding(affinities: Array(repeating: before, count: team.threads)))
    CoreAllowance.setPinned(false)
  }

  /// Gives each member its affinity. A system that refuses leaves the threads to its scheduler, as without pinning.
  private struct Binding: TeamWork {
    let affinities: [Affinity]

    func run(as member: borrowing TeamMember) {
      guard affinities.indices.contains(member.index) else { return }
      try? affinities[member.index].apply()
    }
  }
}
