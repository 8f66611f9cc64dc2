import Logging
import Luthier
import NIOCore
import NIOPosix
import Synchronization

/// How requests for one model wait and run.
package struct QueueSettings: Hashable, Sendable {
  /// The most rows that requests are joined to; 1 joins none.
  package var joinedRows = 1
  /// How long a request waits for others.
  package var wait = TimeAmount.milliseconds(2)
  /// The most requests that wait.
  package var capacity = 64
  /// How many runs there are at the same time.
  package var runsAtOnce = 1
  /// How long a request may take, and the longest that a client can ask for.
  package var timeout = TimeAmount.seconds(60)

  package init() {}

  /// The rows of joined runs: few sizes, because a model is planned, and its weights packed, for each.
  package var rowSizes: [Int] {
    var sizes = [joinedRows]
    while let last = sizes.last, last > 1 {
      // The largest power of two below.
      sizes.append(1 << (Int.bitWidth - 1 - (last - 1).leadingZeroBitCount))
    }
    return sizes.reversed()
  }
}

/// The requests that wait for one model, which runs on threads of its own pool: never on those that serve connections.
///
/// A request is answered by its run, by its deadline, or because the client has gone, whichever comes first. One that is answered leaves
/// the queue; a run that has begun goes on to its end.
package final class RunQueue: Sendable {
  package typealias Run = @Sendable ([TypedTensor]) throws -> [TypedTensor]

  private struct State {
    var waiting: [PendingRun] = []
    var running: [PendingRun] = []
    /// Runs that have begun.
    var busy = 0
    /// Whether a thread has been asked for that has not begun.
    var isThreadAsked = false
    var joins: Bool
    /// When the timer looks next.
    var timer: NIODeadline?
  }

  private let settings: QueueSettings
  private let pool: NIOThreadPool
  private let loop: any EventLoop
  private let metrics: ModelMetrics
  private let logger: Logger
  private let run: Run
  private let state: Mutex<State>

  /// - Parameters:
  ///   - joins: whether the model's rows are independent requests' as far as its file says.
  ///   - run: runs the model; called on the pool's threads.
  package init(
    settings: QueueSettings, joins: Bool, pool: NIOThreadPool, loop: any EventLoop, metrics: ModelMetrics,
    logger: Logger, run: @escaping Run
  ) {
    self.settings = settings
    self.pool = pool
    self.loop = loop
    self.metrics = metrics
    self.logger = logger
    self.run = run
    state = Mutex(State(joins: joins && settings.joinedRows > 1))
  }

  /// Requests that wait now.
  package var waitingCount: Int { state.withLock { $0.waiting.count } }

  /// Takes a request in.
  ///
  /// - Parameter timeout: how long the client waits; nil for as long as the settings allow.
  /// - Throws: ``ServingError`` of the kind `overloaded`.
  package func submit(_ inputs: [TypedTensor], timeout: TimeAmount?) throws(ServingError) -> PendingRun {
    let deadline = NIODeadline.now() + min(timeout ?? settings.timeout, settings.timeout)
    let joins = state.withLock { $0.joins }
    let pending = PendingRun(inputs: inputs, kind: joins ? JoinKind(inputs) : nil, deadline: deadline)
    let isTaken = state.withLock { state in
      if state.waiting.count >= settings.capacity { state.waiting.removeAll(where: \.isAnswered) }
      guard state.waiting.count < settings.capacity else { return false }
      state.waiting.append(pending)
      return true
    }
    guard isTaken else {
      throw ServingError(.overloaded, "\(settings.capacity) requests wait for this model already; try again")
    }
    advance()
    return pending
  }

  /// Answers what is late, and asks for a thread where a run is due.
  private func advance() {
    let now = NIODeadline.now()
    let (late, startsThread, timer) = state.withLock { state -> ([PendingRun], Bool, NIODeadline?) in
      state.waiting.removeAll(where: \.isAnswered)
      let late = (state.waiting + state.running).filter { $0.deadline <= now && !$0.isAnswered }
      state.waiting.removeAll { $0.deadline <= now }
      var next = (state.waiting + state.running).filter { $0.deadline > now }.map(\.deadline).min()
      var starts = false
      if !state.isThreadAsked, state.busy < settings.runsAtOnce, let due = due(state) {
        if due <= now {
          starts = true
          state.isThreadAsked = true
        } else {
          next = min(next ?? due, due)
        }
      }
      guard let next, state.timer.map({ next < $0 }) ?? true else { return (late, starts, nil) }
      state.timer = next
      return (late, starts, next)
    }
    for run in late { run.answer(.failure(ServingError(.deadlineExceeded, "the answer was not there in time"))) }
    if let timer {
      loop.scheduleTask(deadline: timer) { [weak self] in
        self?.timerFired(at: timer)
      }
    }
    if startsThread { pool.submit { self.begin(isActive: $0 == .active) } }
    metrics.waiting.record(waitingCount)
  }

  private func timerFired(at time: NIODeadline) {
    state.withLock { if $0.timer == time { $0.timer = nil } }
    advance()
  }

  /// When the first of those that wait is to run: at once, unless others may still join it.
  private func due(_ state: State) -> NIODeadline? {
    guard let first = state.waiting.first else { return nil }
    guard state.joins, let kind = first.kind else { return first.arrival }
    let rows = state.waiting.lazy.filter { $0.kind == kind }.reduce(0) { $0 + $1.rows }
    return rows >= settings.joinedRows ? first.arrival : first.arrival + settings.wait
  }

  /// A thread's turn: one run.
  private func begin(isActive: Bool) {
    guard isActive else {
      let left = state.withLock { state in
        defer { state.waiting = [] }
        return state.waiting
      }
      for run in left { run.answer(.failure(ServingError(.unavailable, "the server is shutting down"))) }
      return
    }
    let batch = state.withLock { state -> [PendingRun] in
      state.isThreadAsked = false
      state.waiting.removeAll(where: \.isAnswered)
      let batch = Self.batch(of: state.waiting, sizes: state.joins ? settings.rowSizes : [1])
      guard !batch.isEmpty else { return [] }
      state.busy += 1
      state.waiting.removeAll { run in batch.contains { $0 === run } }
      state.running += batch
      return batch
    }
    guard !batch.isEmpty else { return advance() }
    // Another run may be due at the same time.
    advance()
    execute(batch)
    state.withLock { state in
      state.busy -= 1
      state.running.removeAll { run in batch.contains { $0 === run } }
    }
    advance()
  }

  /// The first request, and those of its kind after it that make up one of the sizes with it.
  private static func batch(of waiting: [PendingRun], sizes: [Int]) -> [PendingRun] {
    guard let first = waiting.first else { return [] }
    guard let kind = first.kind, let limit = sizes.last, limit > 1 else { return [first] }
    var batch: [PendingRun] = []
    var rows = 0
    var best = 1
    for run in waiting where run.kind == kind {
      guard rows + run.rows <= limit else { break }
      batch.append(run)
      rows += run.rows
      if sizes.contains(rows) { best = batch.count }
    }
    return batch.isEmpty ? [first] : Array(batch.prefix(best))
  }

  private func execute(_ batch: [PendingRun]) {
    let begin = NIODeadline.now()
    for run in batch { metrics.queueTime.recordNanoseconds((begin - run.arrival).nanoseconds) }
    if batch.count > 1, let parts = joinedParts(of: batch) {
      for (run, part) in zip(batch, parts) { run.answer(.success(part)) }
      return
    }
    for pending in batch where !pending.isAnswered { pending.answer(alone(pending)) }
  }

  /// The outputs of each request of a joined run; nil where they have to run alone: one of them may be at fault, or the rows not be theirs.
  private func joinedParts(of batch: [PendingRun]) -> [[TypedTensor]]? {
    guard let joined = try? JoinedRun(batch) else { return nil }
    let begin = NIODeadline.now()
    guard let outputs = try? run(joined.inputs) else { return nil }
    guard let parts = joined.parts(of: outputs) else {
      state.withLock { $0.joins = false }
      logger.warning("requests are not joined any more: the outputs do not have the inputs' rows")
      return nil
    }
    metrics.runTime.recordNanoseconds((NIODeadline.now() - begin).nanoseconds)
    metrics.rows.record(batch.reduce(0) { $0 + $1.rows })
    return parts
  }

  private func alone(_ pending: PendingRun) -> PendingRun.Answer {
    let begin = NIODeadline.now()
    defer {
      metrics.runTime.recordNanoseconds((NIODeadline.now() - begin).nanoseconds)
      metrics.rows.record(pending.rows)
    }
    do { return .success(try run(pending.inputs)) } catch { return .failure(ServingError(running: error)) }
  }
}

extension ServingError {
  /// Why a run failed. What a model refuses of its inputs is the client's.
  init(running error: any Error) {
    switch error {
    case let error as ServingError: self = error
    case is ModelInputError, is ProgramError, is ShapeError, is TensorError, is ONNXError, is GraphError,
      is ProblemError,
      is RunError:
      self.init(.badRequest, "the model cannot run on these inputs: \(error)")
    default: self.init(.failed, "the model failed: \(error)")
    }
  }
}
