import Synchronization

/// Threads that run a whole network together, with cheap barriers between the layers.
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
/// are kept for later runs), and so may a child after `fork()`.
///
/// The workers are threads of the library's own. A threading library would end the process where the system has no thread, no
/// shared memory or an odd setting for it; here a team then has fewer members, and ``shortage`` says so.
///
/// **When idle**, workers spin for a while before they sleep, so that a run that follows soon need not wake them. The
/// ``defaultBlocktime`` of 1 ms makes runs in a row cheap and burns at most a millisecond of one core a worker after the
/// last; a run that comes later pays the wake-up, 10 to 60 µs. A worker that finds its core wanted by others sleeps at once.
public struct ThreadTeam: Sendable {
  /// How many threads a team may have.
  public static let allowedThreads = 1...1024
  /// How long workers may be told to spin, in milliseconds.
  public static let allowedBlocktimes = 0...60_000
  /// How long idle workers spin where nothing else is asked for, in milliseconds.
  public static let defaultBlocktime = 1

  /// How many threads the team has at most, the caller of `run` included.
  public let threads: Int
  /// How many milliseconds idle workers spin before they sleep; nil where the environment decides.
  public let blocktime: Int?
  private let spinLimit: Int
  private let spinTime: Int64

  /// A team of `threads` threads, the caller of `run` included.
  ///
  /// - Parameters:
  ///   - threads: how many; more than there are cores is allowed and slow.
  ///   - blocktime: milliseconds that idle workers spin before they sleep; nil leaves that to the environment. Without the
  ///     argument it is ``defaultBlocktime``, or nil where the environment says something about it.
  /// - Throws: ``ThreadTeamError`` when a number is outside its range.
  public init(
    threads: Int = Processor.current.usableCores, blocktime: Int? = Self.blocktime()
  ) throws(ThreadTeamError) {
    guard Self.allowedThreads.contains(threads) else { throw .threads(threads) }
    if let blocktime, !Self.allowedBlocktimes.contains(blocktime) { throw .blocktime(blocktime) }
    let environment = ProcessEnvironment.current
    self.threads = min(threads, environment["OMP_THREAD_LIMIT"].flatMap(CoreCounts.threadCount) ?? threads)
    self.blocktime = blocktime
    spinTime = Int64(blocktime ?? Self.environmentBlocktime(environment)) * 1_000_000
    // With more members than cores whoever is waited for is likely waiting for a core.
    spinLimit = threads > Processor.current.usableCores ? 50 : 500
  }

  /// How long idle workers spin by default: ``defaultBlocktime``, or nil where the environment decides.
  ///
  /// - Parameter environment: `KMP_BLOCKTIME`, `KMP_LIBRARY` and `OMP_WAIT_POLICY` count if they are set, as for OpenMP.
  public static func blocktime(environment: [String: String] = ProcessEnvironment.current) -> Int? {
    let deciding = ["KMP_BLOCKTIME", "KMP_LIBRARY", "OMP_WAIT_POLICY"]
    return deciding.contains { environment[$0] != nil } ? nil : defaultBlocktime
  }

  /// The milliseconds that the environment asks for, as OpenMP's runtime of LLVM understands it.
  package static func environmentBlocktime(_ environment: [String: String]) -> Int {
    let longest = allowedBlocktimes.upperBound
    if let text = environment["KMP_BLOCKTIME"]?.lowercased() {
      if text == "infinite" { return longest }
      let digits = text.prefix { $0.isNumber }
      if let number = Int(digits) {
        return min(max(text.hasSuffix("us") ? number / 1000 : number, 0), longest)
      }
    }
    switch (environment["KMP_LIBRARY"] ?? environment["OMP_WAIT_POLICY"])?.lowercased() {
    case "turnaround", "active": return longest
    case "passive": return 0
    default: return defaultBlocktime
    }
  }

  /// Why the team has fewer members than ``threads``, in one line; nil where it has them.
  ///
  /// Workers that are missing are started, so that the first run need not.
  public var shortage: String? {
    guard threads > 1 else { return nil }
    let crew = WorkerPool.crew(of: threads - 1)
    defer { crew.release() }
    guard crew.started < crew.size else { return nil }
    return "the system starts \(crew.started) of \(crew.size) worker threads (a limit of processes or memory); "
      + "\(crew.started + 1) threads run instead of \(threads)"
  }

  /// Runs the work once on every member and returns when all of them are done.
  ///
  /// Nothing is allocated or locked here, but for a caller's first run, which makes workers. A team of one runs the work on the
  /// caller. Where the system has too few threads there are fewer members than ``threads``: ``TeamMember/count`` is the truth.
  public func run<Work: TeamWork>(_ work: Work) {
    guard threads > 1 else {
      work.run(as: TeamMember(index: 0, count: 1, gate: nil))
      return
    }
    let crew = WorkerPool.crew(of: threads - 1)
    defer { crew.release() }
    withUnsafePointer(to: work) { address in
      let region = TeamRegion(work: address, spinLimit: spinLimit)
      withUnsafePointer(to: region) { region in
        crew.begin(TeamRegionTask<Work>.self, at: region, blocktime: spinTime)
        TeamRegionTask<Work>.run(at: region, index: 0, count: crew.started + 1)
        crew.finish(waitingForAll: true)
      }
    }
  }

  /// Runs work in phases, on as many members as there are cores for it at this moment, and returns when it is done.
  ///
  /// Nothing is allocated or locked, as by ``run(_:)-(Work)``. Other callers' runs, the caller's affinity and the control group's
  /// quota count; a member that does not come in time is not waited for.
  package func run<Work: PhasedWork>(phases work: Work) {
    guard threads > 1 else {
      Self.runAlone(work)
      return
    }
    let members = CoreAllowance.enter(limit: threads)
    defer { CoreAllowance.leave() }
    guard members > 1 else {
      Self.runAlone(work)
      return
    }
    let crew = WorkerPool.crew(of: members - 1)
    defer { crew.release() }
    withUnsafePointer(to: work) { address in
      let region = PhasedRegion(
        work: address, board: Unmanaged.passUnretained(crew.board), crew: Unmanaged.passUnretained(crew),
        callerCore: CoreSharing.currentCore)
      withUnsafePointer(to: region) { region in
        crew.board.open(work, members: crew.started + 1)
        crew.begin(PhasedRegionTask<Work>.self, at: region, blocktime: spinTime)
        PhasedRegionTask<Work>.run(at: region, index: 0, count: crew.started + 1)
        crew.finish(waitingForAll: false)
      }
    }
  }

  private static func runAlone(_ work: some PhasedWork) {
    work.withMember {
      for phase in 0..<work.phaseCount {
        let shares = work.shareCount(ofPhase: phase, members: 1)
        for share in 0..<shares { work.run(phase: phase, share: share, of: shares) }
        work.finish(phase: phase)
      }
    }
  }

  /// Runs a closure once on every member and returns when all of them are done.
  ///
  /// As ``run(_:)-(Work)`` but for one small allocation a run: a type that conforms to ``TeamWork`` has none.
  public func run(_ body: @Sendable (borrowing TeamMember) -> Void) {
    withoutActuallyEscaping(body) { run(ClosureWork(body: $0)) }
  }
}

/// One run of a team, on its caller's stack.
private struct TeamRegion: ~Copyable {
  let work: UnsafeRawPointer
  let barrier: TeamBarrier
  /// Where the caller runs, which no worker should share.
  let callerCore = CoreSharing.currentCore

  init(work: UnsafeRawPointer, spinLimit: Int) {
    self.work = work
    barrier = TeamBarrier(spinLimit: spinLimit)
  }
}

private enum TeamRegionTask<Work: TeamWork>: CrewTask {
  static func run(at address: UnsafeRawPointer, index: Int, count: Int) {
    let region = address.assumingMemoryBound(to: TeamRegion.self)
    if index > 0 { CoreSharing.leave(region.pointee.callerCore) }
    withUnsafePointer(to: region.pointee.barrier) { gate in
      region.pointee.work.assumingMemoryBound(to: Work.self).pointee.run(
        as: TeamMember(index: index, count: count, gate: gate))
    }
  }
}

/// One run in phases, on its caller's stack.
private struct PhasedRegion {
  let work: UnsafeRawPointer
  let board: Unmanaged<PhaseBoard>
  let crew: Unmanaged<Crew>
  let callerCore: Int
}

private enum PhasedRegionTask<Work: PhasedWork>: CrewTask {
  static func run(at address: UnsafeRawPointer, index: Int, count: Int) {
    let region = address.assumingMemoryBound(to: PhasedRegion.self).pointee
    if index > 0 { CoreSharing.leave(region.callerCore) }
    let work = region.work.assumingMemoryBound(to: Work.self).pointee
    work.withMember {
      region.board._withUnsafeGuaranteedRef { board in
        board.run(work, member: index, members: count) {
          region.crew._withUnsafeGuaranteedRef { !$0.isJoined }
        }
      }
    }
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
