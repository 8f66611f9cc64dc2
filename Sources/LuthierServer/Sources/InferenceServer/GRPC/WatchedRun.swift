import Synchronization

/// The run that a client waits for, which may go before there is one.
final class WatchedRun: Sendable {
  private enum State {
    case none
    case running(PendingRun)
    case cancelled
  }

  private let state = Mutex(State.none)

  func set(_ run: PendingRun) {
    let isCancelled = state.withLock { state in
      if case .cancelled = state { return true }
      state = .running(run)
      return false
    }
    if isCancelled { run.cancel() }
  }

  func cancel() {
    let run = state.withLock { state -> PendingRun? in
      defer { state = .cancelled }
      if case .running(let run) = state { return run }
      return nil
    }
    run?.cancel()
  }
}
