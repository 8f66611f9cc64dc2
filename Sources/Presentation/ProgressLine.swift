#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
public import HostPlatform
import LayerKernels

/// Progress of long work on standard error: a bar that redraws itself on a terminal, plain lines now and then elsewhere.
public final class ProgressLine {
  private let clock: any MonotonicClock
  private let start: Int64
  private let isTerminal: Bool
  private var lastDrawn: Int64 = 0
  private var isLineOpen = false
  /// What was done when it was first said: others' work or an earlier run's, which says nothing of this one's speed.
  private var doneBefore: Double?

  /// Progress that begins now.
  public init(clock: some MonotonicClock = SystemClock()) {
    self.clock = clock
    start = clock.now()
    isTerminal = isatty(2) == 1
  }

  /// Whoever stops in the middle leaves no bar behind.
  deinit { clear() }

  /// Shows how much is done and what is being done; on a terminal at most ten times a second, elsewhere every ten seconds.
  public func update(done: Double, _ text: String) {
    let now = clock.now()
    let before = doneBefore ?? done
    doneBefore = before
    guard now - lastDrawn > (isTerminal ? 100_000_000 : 10_000_000_000) else { return }
    lastDrawn = now
    let elapsed = Double(now - start)
    let left =
      done - before > 0.02 && done < 1
      ? ", \(Figures.time(nanoseconds: elapsed / (done - before) * (1 - done))) left" : ""
    if isTerminal {
      let filled = Int(min(max(done, 0), 1) * 24)
      let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: 24 - filled)
      let text = text.withoutControls()
      write("\r\u{1B}[K\(bar) \(Figures.percent(done))\(left)  \(text)".clipped(to: columns))
      isLineOpen = true
    } else {
      write("\(Figures.percent(done))\(left)  \(text.withoutControls())\n")
    }
  }

  /// Writes a line that stays.
  public func note(_ text: String) {
    clear()
    write(text.withoutControls() + "\n")
  }

  /// Removes the bar.
  public func clear() {
    if isLineOpen { write("\r\u{1B}[K") }
    isLineOpen = false
  }

  private var columns: Int {
    var size = winsize()
    return ioctl(2, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 20 ? Int(size.ws_col) : 100
  }

  private func write(_ text: String) { StandardStreams.writeUnchanged(text) }
}

extension String {
  fileprivate func clipped(to width: Int) -> String { count > width + 4 ? String(prefix(width + 3)) : self }
}
