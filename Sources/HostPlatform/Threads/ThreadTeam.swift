import COpenMP
import CProcessor
import Synchronization

/// Threads that run a whole network together in one OpenMP parallel region, with cheap barriers between the layers.
///
/// ```swift
/// let team = try ThreadTeam(threads: 2)
/// team.run { member in
///   // the member's share of the first layer
///   member.barrier()
///   // the member's share of the second layer
/// }
/// ```
///
/// A team has no state of its own: any number of threads may use one at the same time (each gets workers of its own, which
/// OpenMP keeps for its next run), and so may a child after `fork()`.
///
/// **When idle**, workers spin for a while before they sleep, so that a run that follows soon need not wake them. Measured
/// on a Zen 5 with two cores: a run costs 0.4 µs while its worker spins and 10 to 60 µs when it must be woken. OpenMP's
/// own 200 ms burn a neighbour's core through all pauses between requests; with 0 ms even runs in a row pay 50 µs each. The
/// ``defaultBlocktime`` of 1 ms makes runs in a row cheap and burns at most a millisecond of one core a worker after the
/// last; a run that comes later pays the wake-up, some 1 % of a network's millisecond or more.
public struct ThreadTeam: Sendable {
  /// How many threads a team may have.
  public static let allowedThreads = 1...1024
  /// How long workers may be told to spin, in milliseconds.
  public static let allowedBlocktimes = 0...60_000
  /// How long idle workers spin where nothing else is asked for, in milliseconds.
  public static let defaultBlocktime = 1

  /// How many threads the team has at most, the caller of `run` included.
  public let threads: Int
  /// How many milliseconds idle workers spin before they sleep; nil leaves that to OpenMP.
  public let blocktime: Int?
  private let spinLimit: Int

  /// A team of `threads` threads, the caller of `run` included.
  ///
  /// - Parameters:
  ///   - threads: how many; more than there are cores is allowed and slow.
  ///   - blocktime: milliseconds that idle workers spin before they sleep; nil leaves that to OpenMP. Without the argument
  ///     it is ``defaultBlocktime``, or nil where the environment says something about it.
  /// - Throws: ``ThreadTeamError`` when a number is outside its range.
  public init(
    threads: Int = Processor.current.usableCores, blocktime: Int? = Self.blocktime()
  ) throws(ThreadTeamError) {
    guard Self.allowedThreads.contains(threads) else { throw .threads(threads) }
    if let blocktime, !Self.allowedBlocktimes.contains(blocktime) { throw .blocktime(blocktime) }
    self.threads = threads == 1 || OpenMPRuntime.start() ? threads : 1
    self.blocktime = blocktime
    // With more members than cores whoever is waited for is likely waiting for a core.
    spinLimit = threads > Processor.current.usableCores ? 50 : 500
  }

  /// How long idle workers spin by default: ``defaultBlocktime``, or nil where the environment decides.
  ///
  /// - Parameter environment: `KMP_BLOCKTIME`, `KMP_LIBRARY` and `OMP_WAIT_POLICY` count if they are set.
  public static func blocktime(environment: [String: String] = ProcessEnvironment.current) -> Int? {
    let deciding = ["KMP_BLOCKTIME", "KMP_LIBRARY", "OMP_WAIT_POLICY"]
    return deciding.contains { environment[$0] != nil } ? nil : defaultBlocktime
  }

  /// Runs the work once on every member and returns when all of them are done.
  ///
  /// Nothing is allocated or locked here. A team of one runs the work on the caller, without OpenMP. Inside another parallel
  /// region, or under OpenMP's limits, there may be fewer members than ``threads``: ``TeamMember/count`` is the truth.
  public func run<Work: TeamWork>(_ work: Work) {
    guard threads > 1 else {
      work.run(as: TeamMember(index: 0, count: 1, gate: nil))
      return
    }
    withUnsafePointer(to: work) { address in
      let region = TeamRegion(type: Work.self, work: address, spinLimit: spinLimit)
      withUnsafePointer(to: region) { Self.enter($0, threads: threads, blocktime: blocktime) }
    }
  }

  /// Runs a closure once on every member and returns when all of them are done.
  ///
  /// As ``run(_:)-(Work)`` but for one small allocation a run: a type that conforms to ``TeamWork`` has none.
  public func run(_ body: @Sendable (borrowing TeamMember) -> Void) {
    withoutActuallyEscaping(body) { run(ClosureWork(body: $0)) }
  }

  /// The way through OpenMP. Its own team lock is taken once a run; it allocates when a caller's first run makes workers.
  private static func enter(_ region: UnsafePointer<TeamRegion>, threads: Int, blocktime: Int?) {
    // The setting belongs to the calling thread, whose other OpenMP code must not notice.
    let before = blocktime.map { _ in kmp_get_blocktime() }
    if let blocktime { kmp_set_blocktime(Int32(truncatingIfNeeded: blocktime)) }
    region.pointee.open()
    GOMP_parallel(
      { @Sendable data in data?.assumingMemoryBound(to: TeamRegion.self).pointee.runMember() },
      UnsafeMutableRawPointer(mutating: region), UInt32(truncatingIfNeeded: threads), 0)
    region.pointee.close()
    if let before { kmp_set_blocktime(before) }
  }
}

/// One run of a team, on its caller's stack.
private struct TeamRegion: ~Copyable {
  private let type: any TeamWork.Type
  private let work: UnsafeRawPointer
  private let barrier: TeamBarrier
  /// Orders the caller's memory before the members', whatever OpenMP does within.
  private let opening = Atomic<Int>(0)
  /// Orders the members' memory before the caller's return. Not the same as above: a member that begins late would otherwise
  /// seem to be ordered behind those that are done, and a race between them would be hidden from Thread Sanitizer.
  private let closing = Atomic<Int>(0)
  /// Where the caller runs, which no worker should share.
  private let callerCore = CoreSharing.currentCore

  init(type: any TeamWork.Type, work: UnsafeRawPointer, spinLimit: Int) {
    self.type = type
    self.work = work
    barrier = TeamBarrier(spinLimit: spinLimit)
  }

  borrowing func open() { opening.store(1, ordering: .releasing) }

  borrowing func close() { _ = closing.load(ordering: .acquiring) }

  borrowing func runMember() {
    _ = opening.load(ordering: .acquiring)
    let index = Int(omp_get_thread_num())
    if index > 0 { CoreSharing.leave(callerCore) }
    withUnsafePointer(to: barrier) { gate in
      type.run(at: work, as: TeamMember(index: index, count: Int(omp_get_num_threads()), gate: gate))
    }
    closing.wrappingAdd(1, ordering: .releasing)
  }
}

/// Why a team of threads could not be made.
public enum ThreadTeamError: Error, Hashable, CustomStringConvertible {
  /// The number of threads is not in ``ThreadTeam/allowedThreads``.
  case threads(Int)
  /// The blocktime is not in ``ThreadTeam/allowedBlocktimes``.
  case blocktime(Int)

  /// One line that names the number and its range.
  public var description: String {
    switch self {
    case .threads(let count):
      let allowed = ThreadTeam.allowedThreads
      return "a team of \(count) threads cannot be made; \(allowed.lowerBound) to \(allowed.upperBound) are allowed, "
        + "and \(Processor.current.usableCores) cores are usable here"
    case .blocktime(let milliseconds):
      let allowed = ThreadTeam.allowedBlocktimes
      return "a blocktime of \(milliseconds) ms is not possible; \(allowed.lowerBound) to \(allowed.upperBound) ms are"
    }
  }
}
