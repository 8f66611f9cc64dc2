extension String {
  /// The text as one line for a person: what is no letter, digit or sign is spelt `\u{1b}`, and a text of more than 600
  /// characters ends in `…`.
  ///
  /// Names come from files of somebody else: none may steer a terminal, or bury the message that quotes it.
  package var asSingleLine: String {
    let line = String(unicodeScalars.prefix(600)).withoutControls()
    return unicodeScalars.count > 600 ? line + "…" : line
  }

  /// The text, however long, with what is no letter, digit or sign spelt `\u{1b}`.
  ///
  /// - Parameter kept: control characters that stay: the line feeds of a text of several lines.
  package func withoutControls(except kept: Set<Unicode.Scalar> = []) -> String {
    // Almost always, and a table may be long.
    if utf8.allSatisfy({ (0x20..<0x7f).contains($0) }) { return self }
    var text = ""
    for scalar in unicodeScalars {
      if scalar.isControl, !kept.contains(scalar) {
        text += "\\u{\(String(scalar.value, radix: 16))}"
      } else {
        text.unicodeScalars.append(scalar)
      }
    }
    return text
  }
}

extension Unicode.Scalar {
  /// Whether the character may steer a terminal or hide what stands beside it.
  package var isControl: Bool {
    switch properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: true
    default: false
    }
  }
}
