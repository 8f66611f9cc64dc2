/// The stable name of a kernel, `family.algorithm`, as databases, tables and command lines spell it.
public struct KernelIdentifier: Hashable, Sendable, Comparable {
  /// The name.
  public let name: String

  /// A name; letters, digits, `.`, `-` and `_` are kept, anything else becomes `-`, so that a name is one word everywhere.
  public init(_ name: String) {
    // Databases hold thousands of names, almost all of which are well formed already.
    if name.utf8.allSatisfy(Self.isAllowed) {
      self.name = name
    } else {
      self.name = String(name.map { $0.utf8.count == 1 && $0.utf8.allSatisfy(Self.isAllowed) ? $0 : "-" })
    }
  }

  private static func isAllowed(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"):
      true
    default: false
    }
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
