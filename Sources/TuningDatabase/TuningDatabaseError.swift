import LayerKernels

/// Why a tuning database could not be read, written or joined.
public enum TuningDatabaseError: Error, Hashable, Sendable, CustomStringConvertible {
  /// A file cannot be opened or read.
  case unreadable(path: String, reason: String)
  /// A file is longer than any database.
  case tooLarge(path: String, bytes: Int, limit: Int)
  /// A file is not a database: the place in it, the line if known, and what is wrong there.
  case malformed(path: String, line: Int?, location: String, reason: String)
  /// A file was written by a newer library.
  case newerSchema(path: String, found: Int, supported: Int)
  /// A file or folder cannot be written; what was there before is intact.
  case unwritable(path: String, reason: String)
  /// Another process holds the lock and did not let go in time.
  case locked(path: String, holder: String, seconds: Double)
  /// Times of another platform cannot be used or added here. The path is nil for a database that is in no file.
  case differentPlatform(path: String?, reason: String)

  /// One line: the file, what is wrong with it, and the way out.
  public var description: String { message.asSingleLine }

  private var message: String {
    switch self {
    case .unreadable(let path, let reason): "cannot read the tuning database \(path): \(reason)"
    case .tooLarge(let path, let bytes, let limit):
      "the tuning database \(path) is \(bytes) bytes long; at most \(limit) are read: 'tune prune --samples' makes one smaller before it is"
    case .malformed(let path, let line, let location, let reason):
      "the tuning database \(path) is malformed\(line.map { ", line \($0)" } ?? ""): \(location) \(reason); "
        + "restore the file or move it away and tune again"
    case .newerSchema(let path, let found, let supported):
      "the tuning database \(path) has schema version \(found), but this Luthier reads up to \(supported): "
        + "update Luthier, or name another database"
    case .unwritable(let path, let reason):
      "cannot write the tuning database \(path): \(reason); name a folder that can be written"
    case .locked(let path, let holder, let seconds):
      "the tuning database is locked by \(holder) (\(path)); waited \(Self.text(seconds)) s: try again when it has ended"
    case .differentPlatform(let path, let reason):
      "the tuning database\(path.map { " \($0)" } ?? "") is of another platform: \(reason)"
    }
  }

  private static func text(_ seconds: Double) -> String { "\((seconds * 10).rounded() / 10)" }
}
