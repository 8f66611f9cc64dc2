public import Autotuner

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

extension Cancellation {
  /// What Ctrl-C and a polite kill set; a second Ctrl-C ends the process at once.
  public static func onInterrupt() -> Cancellation {
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
