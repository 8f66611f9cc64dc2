/// One of the threads that run a ``ThreadTeam``'s work: its number, how many there are, and where they wait for each other.
///
/// A member cannot be copied, so none outlives the work that it was made for.
public struct TeamMember: ~Copyable {
  /// The member's number, from 0; member 0 is the thread that called `run`.
  public let index: Int
  /// How many members run the work, which may be fewer than the team has threads.
  public let count: Int
  /// Where the members wait, on the stack of member 0, which leaves last; nil where there is but one.
  private let gate: UnsafePointer<TeamBarrier>?

  init(index: Int, count: Int, gate: UnsafePointer<TeamBarrier>?) {
    self.index = index
    self.count = count
    self.gate = gate
  }

  /// Waits until all members are here. What any of them wrote before, all of them can read after it.
  public borrowing func barrier() {
    guard count > 1, let gate else { return }
    gate.pointee.wait(count: count)
  }
}
