#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif
import CProcessor

/// The cores that a thread may run on.
///
/// ```swift
/// let before = Affinity.current
/// try Affinity.pin(toCore: 0)
/// // measure
/// try before.apply()
/// ```
///
/// A thread hands its affinity on to the threads that it creates: one that is pinned when it runs a ``ThreadTeam`` for the
/// first time has all its workers on its own core. Let the team run once before pinning, or pin for one thread only.
public struct Affinity: Codable, Hashable, Sendable {
  /// The cores' numbers in ascending order; empty where the operating system does not tell.
  public let cores: [Int]

  /// An affinity for some cores.
  public init(cores: [Int]) {
    self.cores = Array(Set(cores)).sorted()
  }

  /// The calling thread's affinity.
  public static var current: Affinity { Affinity(cores: cores(ofThread: 0) ?? []) }

  /// Binds the calling thread to one core.
  ///
  /// - Throws: ``AffinityError`` when there is no such core or this process may not use it.
  public static func pin(toCore core: Int) throws(AffinityError) {
    try Affinity(cores: [core]).apply()
  }

  /// Binds the calling thread to these cores.
  ///
  /// - Throws: ``AffinityError`` when none of the cores exists or may be used.
  public func apply() throws(AffinityError) {
    guard let last = cores.last, let first = cores.first, first >= 0, last < CoreList.limit else {
      throw .noSuchCore(CoreList.text(cores), allowed: CoreList.text(Affinity.current.cores))
    }
    #if os(Linux)
      var words = [UInt](repeating: 0, count: last / UInt.bitWidth + 1)
      for core in cores { words[core / UInt.bitWidth] |= 1 << UInt(core % UInt.bitWidth) }
      if words.withUnsafeBytes({ luthier_set_affinity(0, $0.count, $0.baseAddress) }) != 0 {
        let code = errno
        guard code == EINVAL else { throw .refused(CoreList.text(cores), code: code) }
        throw .noSuchCore(CoreList.text(cores), allowed: CoreList.text(Affinity.current.cores))
      }
    #else
      throw .refused(CoreList.text(cores), code: ENOSYS)
    #endif
  }

  /// The cores of a thread's affinity mask, 0 being the caller; nil where the system does not tell.
  package static func cores(ofThread thread: Int32) -> [Int]? {
    #if os(Linux)
      // The kernel refuses masks that are smaller than its own.
      var words = [UInt](repeating: 0, count: CoreList.limit / UInt.bitWidth)
      let result = words.withUnsafeMutableBytes { luthier_get_affinity(thread, $0.count, $0.baseAddress) }
      guard result == 0 else { return nil }
      return words.indices.filter { words[$0] != 0 }.flatMap { index in
        (0..<UInt.bitWidth).filter { words[index] >> UInt($0) & 1 == 1 }.map { index * UInt.bitWidth + $0 }
      }
    #else
      return nil
    #endif
  }
}

/// Why a thread could not be bound to cores.
public enum AffinityError: Error, Hashable, CustomStringConvertible {
  /// No core of the list exists, or none that this process may use.
  case noSuchCore(String, allowed: String)
  /// The operating system refused, with the `errno` that it gave.
  case refused(String, code: Int32)

  /// One line that names the cores.
  public var description: String {
    switch self {
    case .noSuchCore(let cores, let allowed):
      "cannot pin a thread to core '\(cores)'; this process may use '\(allowed)'"
    case .refused(let cores, let code):
      "the system refused to pin a thread to core '\(cores)': \(String(cString: strerror(code)))"
    }
  }
}
