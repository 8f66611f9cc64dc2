#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Keeps the signal of a limit on file sizes (`ulimit -f`) from ending the process: writing beyond it is an error like a full disk.
package enum FileSizeSignal {
  /// Runs a function that writes; the signal is withheld from this thread alone, and the host's handling of it is not touched.
  package static func withheld<Result>(_ body: () -> Result) -> Result {
    var signal = sigset_t()
    sigemptyset(&signal)
    sigaddset(&signal, SIGXFSZ)
    let wasPending = isPending
    var before = sigset_t()
    pthread_sigmask(SIG_BLOCK, &signal, &before)
    let result = body()
    let error = errno
    // What this function's own writes have caused goes no further.
    if !wasPending, isPending {
      var number: Int32 = 0
      sigwait(&signal, &number)
    }
    pthread_sigmask(SIG_SETMASK, &before, nil)
    errno = error
    return result
  }

  private static var isPending: Bool {
    var pending = sigset_t()
    return sigpending(&pending) == 0 && sigismember(&pending, SIGXFSZ) == 1
  }
}
