import FoundationEssentials

/// Tables as JSON on standard output.
public enum JSONOutput {
  /// The text of a value: keys sorted, indented, slashes as they are.
  ///
  /// - Throws: `EncodingError` when a number is infinite or no number.
  public static func text(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }
}
