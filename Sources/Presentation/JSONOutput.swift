import FoundationEssentials
import LayerKernels

/// Tables as JSON on standard output.
public enum JSONOutput {
  /// The text of a value: keys sorted, indented, slashes as they are.
  ///
  /// - Throws: `EncodingError` when a number is infinite or no number.
  public static func text(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return spelled(String(decoding: try encoder.encode(value), as: UTF8.self))
  }

  /// The text with what could steer a terminal spelt as JSON spells it, which the encoder does for some of it only.
  private static func spelled(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: { $0.isControl && $0 != "\n" }) else { return text }
    var spelled = ""
    for scalar in text.unicodeScalars {
      guard scalar.isControl, scalar != "\n" else {
        spelled.unicodeScalars.append(scalar)
        continue
      }
      for unit in String(scalar).utf16 {
        let digits = String(unit, radix: 16)
        spelled += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      }
    }
    return spelled
  }
}
