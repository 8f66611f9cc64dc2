#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The process's standard streams.
public enum StandardStreams {
  /// Writes text to standard error at once.
  public static func writeError(_ text: String) {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let written = bytes.withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
      // A reader that has gone away, or an interruption: what cannot be said is not worth failing for.
      guard written > 0 else { return }
      bytes = bytes.dropFirst(written)
    }
  }

  /// Hands over what was printed so far.
  public static func flushOutput() { fflush(nil) }
}
