import Dispatch
import Presentation

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Ends the program when something takes too long that cannot be stopped in between: a kernel, or the reference, in this process.
struct TimeLimit {
  private let timer: any DispatchSourceTimer

  /// A limit that begins now.
  ///
  /// - Parameters:
  ///   - what: what is too long then, for the message.
  ///   - option: what raises the limit.
  init(seconds: Double, what: String, option: String) {
    let source = DispatchSource.makeTimerSource(queue: DispatchQueue(label: "time limit"))
    source.schedule(deadline: .now() + seconds)
    source.setEventHandler {
      StandardStreams.writeError(
        "error: \(what) took more than \(seconds) s; raise \(option), or take a smaller problem\n")
      _exit(ExitStatus.badData.rawValue)
    }
    source.resume()
    timer = source
  }

  /// It has ended in time.
  func lift() { timer.cancel() }
}
