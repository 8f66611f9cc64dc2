import HostPlatform

/// Work that finds out whether barriers hold: in each round all write, wait, read what the others wrote, and wait again.
///
/// `@unchecked Sendable`: a member writes its own slots only, and others read them only between the two barriers.
struct BarrierRounds: TeamWork, @unchecked Sendable {
  /// Integers between the slots of two members, more than a cache line, so that nothing but the barrier brings one
  /// member's writes to the other.
  private static let stride = 32

  private let rounds: Int
  private let slots: UnsafeMutablePointer<Int>

  func run(as member: borrowing TeamMember) {
    let mine = slots + member.index * Self.stride
    mine[1] = member.count
    for round in 1...rounds {
      mine[0] = round
      member.barrier()
      for other in 0..<member.count where slots[other * Self.stride] != round { mine[2] += 1 }
      member.barrier()
    }
  }

  /// Runs `rounds` rounds of two barriers each on a team.
  ///
  /// - Returns: how often a member found another in a wrong round, and how many members ran; -1 where they disagree on that.
  static func run(_ rounds: Int, on team: ThreadTeam) -> (mistakes: Int, members: Int) {
    let size = stride * team.threads
    let slots = UnsafeMutablePointer<Int>.allocate(capacity: size)
    defer { slots.deallocate() }
    slots.initialize(repeating: 0, count: size)
    team.run(BarrierRounds(rounds: rounds, slots: slots))
    let members = (0..<team.threads).map { slots + $0 * stride }
    let ran = members.filter { $0[0] == rounds }
    return (members.reduce(0) { $0 + $1[2] }, ran.allSatisfy { $0[1] == ran.count } ? ran.count : -1)
  }
}
