/// The stable name of a kernel, `family.algorithm`, as databases, tables and command lines spell it.
public struct KernelIdentifier: Hashable, Sendable, Comparable {
  /// The name.
  public let name: String

  /// A name; letters, digits, `.`, `-` and `_` are kept, anything else becomes `-`, so that a name is one word everywhere.
  public init(_ name: String) {
    self.name = String(
      name.map { $0.isASCII && ($0.isLetter || $0.isNumber || ".-_".contains($0)) ? $0 : "-" })
  }

  /// The part before the first dot: `winograd` of `winograd.f4x4`.
  public var family: String { String(name.prefix { $0 != "." }) }

  /// Alphabetical order.
  public static func < (left: KernelIdentifier, right: KernelIdentifier) -> Bool { left.name < right.name }
}

extension KernelIdentifier: ExpressibleByStringLiteral, CustomStringConvertible, Codable {
  /// A name from a literal.
  public init(stringLiteral name: String) { self.init(name) }

  /// The name.
  public var description: String { name }

  /// Reads the name from a single string.
  public init(from decoder: any Decoder) throws {
    self.init(try decoder.singleValueContainer().decode(String.self))
  }

  /// Writes the name as a single string.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(name)
  }
}
