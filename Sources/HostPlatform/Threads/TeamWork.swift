/// What the members of a ``ThreadTeam`` do together.
///
/// A type of one's own rather than a closure, because Swift moves a closure to the heap when other threads are to call
/// it, and nothing may be allocated when a network runs.
public protocol TeamWork: Sendable {
  /// Does one member's share. All members run it at the same time, and each must pass the same number of barriers.
  func run(as member: borrowing TeamMember)
}

/// A closure as work.
struct ClosureWork: TeamWork {
  let body: @Sendable (borrowing TeamMember) -> Void

  func run(as member: borrowing TeamMember) { body(member) }
}
