extension String {
  /// The text as one line for a person: what is no letter, digit or sign is spelt `\u{1b}`, and a text of more than 600
  /// characters ends in `…`.
  ///
  /// Names come from files of somebody else: none may steer a terminal, or bury the message that quotes it.
  package var asSingleLine: String {
    var line = ""
    for (index, scalar) in unicodeScalars.enumerated() {
      guard index < 600 else { return line + "…" }
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned:
        line += "\\u{\(String(scalar.value, radix: 16))}"
      default: line.unicodeScalars.append(scalar)
      }
    }
    return line
  }
}
