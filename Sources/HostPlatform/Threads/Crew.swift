#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif
import CFutex
import Synchronization

/// What a ``Crew`` runs, which stands on its caller's stack.
protocol CrewTask {
  /// Does one member's part; workers have the indices from 1.
  static func run(at address: UnsafeRawPointer, index: Int, count: Int)
}

/// Worker threads that serve one caller at a time, and sleep while nobody calls.
///
/// `@unchecked Sendable`: what is no atomic is written by whoever has claimed the crew, and read by its workers after they
/// have joined the call that it was written for. A crew is never freed: a few hundred bytes a worker, of as many crews as there
/// were callers at the same time.
final class Crew: @unchecked Sendable {
  /// How many workers serve at most.
  let size: Int
  /// The crew that was made before this one.
  let next: Crew?
  /// Where a run's members share out its phases.
  let board: PhaseBoard
  /// How many workers there are: as many as the system let us have.
  private(set) var started = 0

  private let words: CrewWords
  private var task: (any CrewTask.Type)?
  private var address: UnsafeRawPointer?
  private var blocktime: Int64 = 0
  /// When the system refused a thread last, in nanoseconds.
  private var refusal: Int64 = .min

  init(size: Int, next: Crew?) {
    self.size = size
    self.next = next
    board = PhaseBoard(members: size + 1)
    words = CrewWords()
    words.isClaimed.pointee.store(1, ordering: .relaxed)
  }

  /// Makes the caller the only one that this crew serves, if nobody else is.
  func claim() -> Bool {
    words.isClaimed.pointee.load(ordering: .relaxed) == 0
      && words.isClaimed.pointee.compareExchange(expected: 0, desired: 1, ordering: .acquiringAndReleasing).exchanged
  }

  func release() { words.isClaimed.pointee.store(0, ordering: .releasing) }

  /// Starts the workers that are missing. Of a system that has refused a thread none is asked for again within a second.
  func start() {
    guard started < size, refusal == .min || WaitClock.now() - refusal > 1_000_000_000 else { return }
    refusal = .min
    while started < size {
      guard WorkerThread.start(self, index: started + 1, call: words.call.pointee.load(ordering: .relaxed)) else {
        refusal = WaitClock.now()
        return
      }
      started += 1
      WorkerPool.count(1)
    }
  }

  /// Lets the workers run a task; the caller does its own part and then calls ``finish(waitingForAll:)``.
  func begin(_ task: any CrewTask.Type, at address: UnsafeRawPointer, blocktime: Int64) {
    self.task = task
    self.address = address
    self.blocktime = blocktime
    announce()
  }

  /// Returns when no worker is in the task any more, and none will be.
  ///
  /// - Parameter waitingForAll: whether each worker has to have done its part, however late it comes.
  func finish(waitingForAll: Bool) {
    if waitingForAll { words.wait { $0.left == self.started } }
    words.close()
    words.wait { $0.left == $0.joined }
  }

  private func announce() {
    let call = words.call.pointee.load(ordering: .relaxed) &+ 1
    words.open(call)
    words.call.pointee.store(call, ordering: .sequentiallyConsistent)
    if words.sleepers.pointee.load(ordering: .sequentiallyConsistent) > 0 { luthier_wake(words.call, Int32.max) }
  }

  /// Whether a worker is in the task, or has been.
  var isJoined: Bool { words.state.joined > 0 }

  /// A worker's life: waits for calls until one tells it to end.
  func serve(index: Int, after first: UInt32) {
    var seen = first
    var patience = IdlePatience()
    while true {
      guard wait(for: &seen, index: index, &patience) else { return }
      guard words.join(seen) else { continue }
      guard let task, let address else {
        words.leave()
        return
      }
      task.run(at: address, index: index, count: started + 1)
      patience.blocktime = blocktime
      words.leave()
    }
  }

  /// Waits for the next call.
  ///
  /// - Returns: false where the crew was not called for long and ended.
  private func wait(for seen: inout UInt32, index: Int, _ patience: inout IdlePatience) -> Bool {
    let call = words.call
    patience.spin { call.pointee.load(ordering: .acquiring) != seen }
    var limit: Int64 = WorkerPool.idleTime
    while call.pointee.load(ordering: .acquiring) == seen {
      words.sleepers.pointee.wrappingAdd(1, ordering: .sequentiallyConsistent)
      let begin = WaitClock.now()
      luthier_sleep_while(call, seen, limit)
      words.sleepers.pointee.wrappingSubtract(1, ordering: .sequentiallyConsistent)
      guard limit > 0, WaitClock.now() - begin >= limit, call.pointee.load(ordering: .acquiring) == seen else {
        continue
      }
      if WorkerPool.hasSurplus, claim() {
        // Nobody has called meanwhile, or it could not have been claimed and unchanged.
        if call.pointee.load(ordering: .acquiring) == seen {
          end()
          return false
        }
        release()
      } else {
        limit = -1
      }
    }
    seen = call.pointee.load(ordering: .acquiring)
    return true
  }

  /// Ends all workers; called by one of them.
  private func end() {
    task = nil
    address = nil
    announce()
    words.wait { $0.left == self.started - 1 }
    WorkerPool.count(-started)
    started = 0
    release()
  }
}

/// The words that a crew's caller and workers share, each on two cache lines of its own, because processors fetch them in pairs.
struct CrewWords {
  /// Who has joined a call and who has left it.
  struct State {
    let bits: UInt64

    init(_ bits: UInt64) { self.bits = bits }

    init(call: UInt32) { bits = UInt64(call) << 32 }

    var joined: Int { Int(bits >> 16 & 0x7FFF) }
    var left: Int { Int(bits & 0x7FFF) }
    var isClosed: Bool { bits & Self.closed != 0 }
    var call: UInt32 { UInt32(truncatingIfNeeded: bits >> 32) }

    static let closed: UInt64 = 1 << 31
    static let oneJoined: UInt64 = 1 << 16
  }

  /// 1 while somebody uses the crew.
  let isClaimed: UnsafeMutablePointer<Atomic<UInt32>>
  /// The number of the last call, at which workers sleep.
  let call: UnsafeMutablePointer<Atomic<UInt32>>
  /// How many workers sleep.
  let sleepers: UnsafeMutablePointer<Atomic<UInt32>>
  private let gate: UnsafeMutablePointer<Atomic<UInt64>>
  /// 1 while the caller sleeps at the gate.
  private let callerSleeps: UnsafeMutablePointer<Atomic<UInt32>>

  init() {
    let block = UnsafeMutableRawPointer.allocate(byteCount: 4 * 128, alignment: 128)
    block.initializeMemory(as: UInt8.self, repeating: 0, count: 4 * 128)
    func word(_ line: Int, _ offset: Int = 0) -> UnsafeMutablePointer<Atomic<UInt32>> {
      let word = (block + line * 128 + offset).bindMemory(to: Atomic<UInt32>.self, capacity: 1)
      word.initialize(to: Atomic(0))
      return word
    }
    isClaimed = word(0)
    call = word(1)
    sleepers = word(3)
    callerSleeps = word(3, 64)
    gate = (block + 2 * 128).bindMemory(to: Atomic<UInt64>.self, capacity: 1)
    gate.initialize(to: Atomic(State.closed))
  }

  var state: State { State(gate.pointee.load(ordering: .acquiring)) }

  func open(_ call: UInt32) { gate.pointee.store(State(call: call).bits, ordering: .releasing) }

  /// From now on nobody joins.
  func close() { gate.pointee.bitwiseOr(State.closed, ordering: .acquiringAndReleasing) }

  /// Joins a call.
  ///
  /// - Returns: false where it is over.
  func join(_ call: UInt32) -> Bool {
    var found = state
    while found.call == call, !found.isClosed {
      let (exchanged, original) = gate.pointee.compareExchange(
        expected: found.bits, desired: found.bits &+ State.oneJoined, ordering: .acquiringAndReleasing)
      if exchanged { return true }
      found = State(original)
    }
    return false
  }

  /// Leaves a call that was joined.
  func leave() {
    gate.pointee.wrappingAdd(1, ordering: .sequentiallyConsistent)
    if callerSleeps.pointee.load(ordering: .sequentiallyConsistent) != 0 { luthier_wake(gate, Int32.max) }
  }

  /// Waits for a state of the gate.
  func wait(_ isOver: (State) -> Bool) {
    var patience = WaitPatience()
    while true {
      let found = state
      if isOver(found) { return }
      if patience.isOver {
        callerSleeps.pointee.store(1, ordering: .sequentiallyConsistent)
        luthier_sleep_while(gate, UInt32(truncatingIfNeeded: found.bits), -1)
        callerSleeps.pointee.store(0, ordering: .relaxed)
      } else {
        patience.wait()
      }
    }
  }
}
