/// A kernel's tunable numbers: tile, block, layout, split.
///
/// As text `m=14,n=2`, names in alphabetical order; empty for a kernel without numbers.
public struct KernelConfiguration: Hashable, Sendable {
  /// The numbers by name.
  public let values: [String: Int]

  /// A configuration of the given numbers.
  public init(_ values: [String: Int] = [:]) { self.values = values }

  /// The number of that name.
  public subscript(_ name: String) -> Int? { values[name] }

  /// The number of that name, for a kernel that is being prepared.
  ///
  /// - Throws: ``KernelError/invalidConfiguration(kernel:configuration:reason:)`` when it is missing or not allowed.
  public func value(
    _ name: String, in allowed: some Collection<Int>, of kernel: KernelIdentifier
  ) throws(KernelError) -> Int {
    guard let value = values[name] else {
      throw .invalidConfiguration(kernel: kernel, configuration: self, reason: "'\(name)' is missing")
    }
    guard allowed.contains(value) else {
      throw .invalidConfiguration(kernel: kernel, configuration: self, reason: "'\(name)' cannot be \(value)")
    }
    return value
  }
}

extension KernelConfiguration: ExpressibleByDictionaryLiteral, CustomStringConvertible, Codable {
  /// A configuration from a literal; of names given twice the last counts.
  public init(dictionaryLiteral elements: (String, Int)...) {
    self.init(Dictionary(elements, uniquingKeysWith: { $1 }))
  }

  /// `m=14,n=2`
  public var description: String {
    values.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
  }

  /// Reads the text back; nil when it is none.
  public init?(parsing text: String) {
    var values: [String: Int] = [:]
    for part in text.split(separator: ",", omittingEmptySubsequences: !text.contains("=")) {
      let sides = part.split(separator: "=", omittingEmptySubsequences: false)
      guard sides.count == 2, !sides[0].isEmpty, let value = Int(sides[1]) else { return nil }
      values[String(sides[0])] = value
    }
    self.init(values)
  }

  /// Reads the numbers from an object.
  public init(from decoder: any Decoder) throws {
    self.init(try decoder.singleValueContainer().decode([String: Int].self))
  }

  /// Writes the numbers as an object.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(values)
  }
}
