#if canImport(Glibc)
  @preconcurrency import Glibc
#else
  import Darwin
#endif
import LayerKernels

/// Prints a line, or several, on standard output; what in them could steer a terminal is spelt out, since names come from files.
public func print(_ text: String) { Swift.print(text.withoutControls(except: ["\n"])) }

/// The process's standard streams.
public enum StandardStreams {
  /// Writes lines to standard error at once; what in them could steer a terminal is spelt out, since names come from files.
  public static func writeError(_ text: String) { writeUnchanged(text.withoutControls(except: ["\n"])) }

  /// Writes text to standard error as it is.
  static func writeUnchanged(_ text: String) {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let written = bytes.withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
      // A reader that has gone away, or an interruption: what cannot be said is not worth failing for.
      guard written > 0 else { return }
      bytes = bytes.dropFirst(written)
    }
  }

  /// Hands over what was printed so far.
  ///
  /// - Throws: ``OutputError`` when not all of it has arrived: a full disk, or a stream that was closed.
  public static func flushOutput() throws(OutputError) {
    let flushed = fflush(nil)
    let reason = String(cString: strerror(errno))
    // What was lost before is remembered by the stream.
    guard flushed == 0, ferror(stdout) == 0 else { throw OutputError(reason: flushed == 0 ? nil : reason) }
  }

  /// Opens what the caller has closed of standard input, output and error, so that no file of the program's gets their
  /// numbers and what is printed does not end in it. Reading from and writing to them fails as before.
  static func occupy() {
    for number in Int32(0)...2 where fcntl(number, F_GETFD) < 0 {
      // The lowest free number is the one that is missing.
      _ = open("/dev/null", number == 0 ? O_WRONLY : O_RDONLY)
    }
  }
}

/// What was printed has not arrived.
public struct OutputError: Error, CustomStringConvertible, ExitStatusProviding {
  /// What the system says of it, if it was the last call that failed.
  let reason: String?

  /// One line.
  public var description: String {
    "standard output cannot be written" + (reason.map { ": \($0)" } ?? "") + "; part of it is lost"
  }

  /// The caller's: it is where the caller wants it.
  public var exitStatus: ExitStatus { .usage }
}
