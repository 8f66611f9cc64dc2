import FoundationEssentials
import TuningDatabase

/// What a tuner asks of its worker process: a line of JSON on the worker's standard input.
struct WorkerRequest: Codable {
  /// The problem's key.
  let problem: String
  let threads: Int
  let options: TuningOptions
  /// What the database has, as a database of one entry; nil for nothing.
  let known: String?
  /// The names of the only candidates to try; nil for all.
  let chosen: [String]?
  let disqualified: [Disqualification]
  /// The most bytes of address space that the worker may take.
  let memoryLimit: Int
}

/// What a worker answers: lines of JSON on its standard output, the last of them ``entry(database:)`` or ``failed(reasons:)``.
enum WorkerMessage: Codable {
  /// A candidate is about to be prepared and checked.
  case trying(candidate: String, position: Int, count: Int, best: Double?)
  /// These candidates race now. From here on the worker says on its ``WorkerSteps`` which of them it times: a message would wake
  /// the tuner at each sample, on the worker's own core where there is but one.
  case racing(candidates: [String])
  /// The machine is noisy; see ``TuningEvent/noisy(spread:isRepeated:)``.
  case noisy(spread: Double, isRepeated: Bool)
  /// All is done; the result is the only entry of a database.
  case entry(database: String)
  /// No candidate gave right results in usable time.
  case noCandidate(reasons: [String])
  /// The worker could not do what it was asked.
  case failed(reason: String)

  /// The message as a line.
  func line() throws -> [UInt8] { Array(try JSONEncoder().encode(self)) + [0x0a] }
}

/// The pipe by which a worker says what it is about to time, to be read when the tuner has the time.
enum WorkerSteps {
  /// The pipe's number in the worker.
  static let file: Int32 = 3
  /// The bytes of a step: a position among the candidates that race.
  static let byteCount = MemoryLayout<UInt32>.size

  /// A step's bytes.
  static func bytes(of position: Int) -> [UInt8] {
    withUnsafeBytes(of: UInt32(clamping: position).littleEndian) { Array($0) }
  }

  /// The last whole step among bytes that were written one step after the other.
  static func last(in bytes: [UInt8]) -> Int? {
    let count = bytes.count / byteCount
    guard count > 0 else { return nil }
    return bytes[((count - 1) * byteCount)..<(count * byteCount)].reversed().reduce(0) { $0 << 8 | Int($1) }
  }
}

extension TuningEntry {
  /// The entry as a database of its own, which is how files and workers spell entries.
  func spelled(for platform: PlatformDatabase) throws -> String {
    var database = platform
    database.record(self)
    return String(decoding: try database.encoded(), as: UTF8.self)
  }

  /// Reads ``spelled(for:)`` back; nil when it holds no entry.
  static func reading(_ text: String) throws -> TuningEntry? {
    try PlatformDatabase(decoding: Array(text.utf8), path: "a worker's answer").entries.first
  }
}
