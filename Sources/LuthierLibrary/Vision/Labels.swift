import HostPlatform

/// The names of classes, a line each.
public struct Labels: Sendable {
  /// The names, in the order of the classes.
  public let names: [String]

  /// The most that a file may hold, in bytes.
  public static let maximumSize = 16 << 20

  /// Reads a text file, one name a line; empty lines count as classes without a name.
  ///
  /// - Throws: ``VisionError/labels(path:reason:)`` when it cannot be read, is too large or is no UTF-8 text.
  public init(contentsOf path: String) throws(VisionError) {
    let found: [UInt8]?
    do throws(PlainFile.Failure) {
      found = try PlainFile.read(path, limit: Self.maximumSize)
    } catch { throw .labels(path: path, reason: error.reason) }
    guard let data = found else {
      throw .labels(path: path, reason: "it is larger than \(Self.maximumSize) bytes")
    }
    if let kind = ForeignFile.kind(of: data) { throw .labels(path: path, reason: kind) }
    guard let text = String(validating: data, as: UTF8.self) else {
      throw .labels(path: path, reason: "it is not UTF-8 text")
    }
    var lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).map(String.init)
    if lines.last == "" { lines.removeLast() }
    names = lines
  }

  /// The name of a class, or its index where there is none.
  public subscript(_ classIndex: Int) -> String {
    names.indices.contains(classIndex) && !names[classIndex].isEmpty ? names[classIndex] : "class \(classIndex)"
  }
}
