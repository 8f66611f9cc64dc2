#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif
import HostPlatform

/// A lock between processes and threads: `flock` on a file of its own, which is never removed.
///
/// The kernel lets go of it when its holder ends, however it ends. The holder writes into it who it is, so that whoever
/// waits can say for whom.
enum FileLock {
  /// Runs a function while the lock is held.
  ///
  /// - Parameters:
  ///   - path: the lock's file, made if it is not there.
  ///   - patience: how long to wait for another holder.
  /// - Throws: ``TuningDatabaseError/locked(path:holder:seconds:)`` when another held on for longer,
  ///   ``TuningDatabaseError/unwritable(path:reason:)`` when there can be no lock, or what the function throws.
  static func withLock<Result>(
    _ path: String, patience: Duration, _ body: () throws(TuningDatabaseError) -> Result
  ) throws(TuningDatabaseError) -> Result {
    let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o666)
    guard file >= 0 else { throw .unwritable(path: path, reason: FileAccess.lastError()) }
    defer { close(file) }
    let start = ContinuousClock.now
    var pause: UInt32 = 500
    while flock(file, LOCK_EX | LOCK_NB) != 0 {
      guard errno == EWOULDBLOCK || errno == EINTR else {
        throw .unwritable(path: path, reason: "its folder has no locks: \(FileAccess.lastError())")
      }
      let waited = ContinuousClock.now - start
      guard waited < patience else {
        throw .locked(path: path, holder: holder(of: file), seconds: seconds(waited))
      }
      usleep(pause)
      pause = min(pause * 2, 20_000)
    }
    sign(file)
    return try body()
  }

  private static func sign(_ file: Int32) {
    let program = FileAccess.name(of: CommandLine.arguments.first ?? "")
    let name = Array("process \(getpid())\(program.isEmpty ? "" : " (\(program))")\n".utf8)
    // What is written here is for people only: failing to does not make the lock any weaker.
    _ = FileSizeSignal.withheld {
      ftruncate(file, 0)
      return pwrite(file, name, name.count, 0)
    }
  }

  private static func holder(of file: Int32) -> String {
    var bytes = [UInt8](repeating: 0, count: 200)
    let count = pread(file, &bytes, bytes.count, 0)
    let text = bytes[..<max(count, 0)].prefix { $0 >= 0x20 && $0 < 0x7f }
    return text.isEmpty ? "another process" : String(decoding: text, as: UTF8.self)
  }

  private static func seconds(_ duration: Duration) -> Double {
    Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
  }
}
