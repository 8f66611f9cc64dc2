import LayerKernels

/// Why a file of misses could not be read or added to.
public enum MissesFileError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The file cannot be opened or read.
  case unreadable(path: String, reason: String)
  /// The file is longer than any list of misses.
  case tooLarge(path: String, bytes: Int, limit: Int)
  /// A line is no miss: its number, counted from 1, and what is wrong there.
  case malformed(path: String, line: Int, reason: String)
  /// The file or its folder cannot be written; what was there before is intact.
  case unwritable(path: String, reason: String)
  /// Another process holds the lock and did not let go in time.
  case locked(path: String, holder: String)

  /// One line: the file, what is wrong with it, and the way out.
  public var description: String { message.asSingleLine }

  private var message: String {
    switch self {
    case .unreadable(let path, let reason): "cannot read the misses in \(path): \(reason)"
    case .tooLarge(let path, let bytes, let limit):
      "\(path) is \(bytes) bytes long; at most \(limit) of misses are read: split it"
    case .malformed(let path, let line, let reason):
      "\(path) is no file of misses, line \(line): \(reason); 'luthier run --record' writes such files"
    case .unwritable(let path, let reason):
      "cannot write misses to \(path): \(reason); name a file in a folder that can be written"
    case .locked(let path, let holder): "the misses in \(path) are locked by \(holder); try again when it has ended"
    }
  }

  /// The same said of a file of misses.
  init(_ error: TuningDatabaseError, path: String) {
    switch error {
    case .unreadable(_, let reason): self = .unreadable(path: path, reason: reason)
    case .tooLarge(_, let bytes, let limit): self = .tooLarge(path: path, bytes: bytes, limit: limit)
    case .unwritable(_, let reason): self = .unwritable(path: path, reason: reason)
    case .locked(_, let holder, _): self = .locked(path: path, holder: holder)
    case .malformed, .newerSchema, .differentPlatform: self = .unreadable(path: path, reason: "\(error)")
    }
  }
}
