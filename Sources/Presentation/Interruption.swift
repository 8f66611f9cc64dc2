public import Autotuner

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

extension Cancellation {
  /// What Ctrl-C and a polite kill set; a second Ctrl-C ends the process at once.
  public static func onInterrupt() -> Cancellation {
    // A program that was started by a thread which blocks signals inherits the mask; Ctrl-C has to work all the same.
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGINT)
    sigaddset(&signals, SIGTERM)
    pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    for signalNumber in [SIGINT, SIGTERM] {
      signal(signalNumber) { number in
        if interruption.isCancelled { _exit(130) }
        interruption.cancel()
        signal(number, SIG_DFL)
      }
    }
    return interruption
  }
}

private let interruption = Cancellation()

extension TuningError: ExitStatusProviding {
  /// Being asked to stop is nobody's fault; that no kernel is right is ours.
  public var exitStatus: ExitStatus {
    switch self {
    case .interrupted: .interrupted
    case .noCandidate, .worker: .internalError
    }
  }
}
