import Synchronization

/// States that runs of one prepared kernel change, lent to one run at a time: for libraries whose objects may not be
/// shared, while a prepared kernel is.
///
/// Neither locks nor waits. A run that finds every state lent makes one more, which costs what making one costs; it stays
/// for later runs, so that a steady number of runs at once makes no more.
///
/// `@unchecked Sendable`: a state is reachable from its slot alone, which an atomic exchange empties before the state is
/// used and fills after it was; no two runs ever hold the same one.
public final class RunStatePool<State: AnyObject>: @unchecked Sendable {
  private let slots: UnsafeMutablePointer<Atomic<UInt>>
  private let make: () -> State

  /// The most states that are kept.
  private static var slotCount: Int { 64 }

  /// A pool with one state.
  ///
  /// - Parameters:
  ///   - first: the state that is there from the beginning.
  ///   - make: makes another one like it, on any thread.
  public init(_ first: State, make: @escaping @Sendable () -> State) {
    self.make = make
    slots = .allocate(capacity: Self.slotCount)
    for index in 0..<Self.slotCount { (slots + index).initialize(to: Atomic(0)) }
    giveBack(first)
  }

  deinit {
    for index in 0..<Self.slotCount {
      _ = Self.state(slots[index].exchange(0, ordering: .acquiring))
      (slots + index).deinitialize(count: 1)
    }
    slots.deallocate()
  }

  /// Calls `body` with a state that nobody else has meanwhile.
  public func withState(_ body: (State) -> Void) {
    let state = take() ?? make()
    body(state)
    giveBack(state)
  }

  private func take() -> State? {
    for index in 0..<Self.slotCount where slots[index].load(ordering: .relaxed) != 0 {
      if let state = Self.state(slots[index].exchange(0, ordering: .acquiringAndReleasing)) { return state }
    }
    return nil
  }

  private func giveBack(_ state: State) {
    let bits = UInt(bitPattern: Unmanaged.passRetained(state).toOpaque())
    for index in 0..<Self.slotCount where slots[index].load(ordering: .relaxed) == 0 {
      if slots[index].compareExchange(expected: 0, desired: bits, ordering: .acquiringAndReleasing).exchanged { return }
    }
    _ = Self.state(bits)
  }

  /// The state whose reference a slot held.
  private static func state(_ bits: UInt) -> State? {
    UnsafeRawPointer(bitPattern: bits).map { Unmanaged<State>.fromOpaque($0).takeRetainedValue() }
  }
}
