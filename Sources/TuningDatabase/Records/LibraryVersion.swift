/// A version of the library, `major.minor.patch` (semver.org).
public struct LibraryVersion: Hashable, Sendable, Comparable {
  /// Counts up when programs have to change.
  public let major: Int
  /// Counts up when something is added; before 1.0 also when programs have to change.
  public let minor: Int
  /// Counts up for corrections.
  public let patch: Int

  /// The version of this library.
  public static let current = LibraryVersion(0, 1, 0)

  /// A version.
  public init(_ major: Int, _ minor: Int, _ patch: Int) {
    self.major = major
    self.minor = minor
    self.patch = patch
  }

  /// Whether times taken with the one version hold for the other.
  ///
  /// They do within one major version, before 1.0 within one minor version. A kernel that became faster or slower says so
  /// itself by its own version; the library's says that all of them may have: how runs are dispatched has changed.
  public func keepsTimes(of other: LibraryVersion) -> Bool {
    major == other.major && (major > 0 || minor == other.minor)
  }

  /// The earlier before the later.
  public static func < (left: LibraryVersion, right: LibraryVersion) -> Bool {
    (left.major, left.minor, left.patch) < (right.major, right.minor, right.patch)
  }
}

extension LibraryVersion: CustomStringConvertible {
  /// `0.1.0`
  public var description: String { "\(major).\(minor).\(patch)" }

  /// Reads the text back; nil when it is none.
  public init?(parsing text: String) {
    let numbers = text.split(separator: ".", omittingEmptySubsequences: false).compactMap { Int($0) }
    guard numbers.count == 3, numbers.allSatisfy({ (0...9999).contains($0) }) else { return nil }
    self.init(numbers[0], numbers[1], numbers[2])
    guard description == text else { return nil }
  }
}
