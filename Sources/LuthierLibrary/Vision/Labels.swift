import FoundationEssentials

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
    let data: Data
    do {
      data = try Data(contentsOf: URL(filePath: path))
    } catch { throw .labels(path: path, reason: "there is no such file, or it cannot be read") }
    guard data.count <= Self.maximumSize else {
      throw .labels(path: path, reason: "it is larger than \(Self.maximumSize) bytes")
    }
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
