/// Writes JSON so that a person and `git diff` read it well.
///
/// What fits in a line stands in one line; longer objects and lists have a line a member; long lists of numbers are filled
/// line by line. Equal values give equal bytes.
package enum JSONWriter {
  /// The widest line that is filled.
  private static let columns = 120

  /// The value over several lines, with a line feed at the end.
  package static func pretty(_ value: JSONValue) -> String {
    var text = ""
    write(value, indent: 0, column: 0, into: &text)
    text += "\n"
    return text
  }

  /// The value in one line, without a line feed.
  package static func line(_ value: JSONValue) -> String {
    var text = ""
    writeLine(value, into: &text)
    return text
  }

  private static func write(_ value: JSONValue, indent: Int, column: Int, into text: inout String) {
    if let width = lineWidth(value, within: columns - column - 1), column + width < columns {
      return writeLine(value, into: &text)
    }
    let inner = String(repeating: " ", count: indent + 2)
    switch value {
    case .object(let members):
      text += "{\n"
      for (index, member) in members.enumerated() {
        let name = quoted(member.name)
        text += inner + name + ": "
        write(member.value, indent: indent + 2, column: indent + 4 + name.utf8.count, into: &text)
        text += index + 1 < members.count ? ",\n" : "\n"
      }
      text += String(repeating: " ", count: indent) + "}"
    case .array(let elements):
      text += "[\n"
      for (index, element) in elements.enumerated() {
        text += inner
        write(element, indent: indent + 2, column: indent + 2, into: &text)
        text += index + 1 < elements.count ? ",\n" : "\n"
      }
      text += String(repeating: " ", count: indent) + "]"
    case .numbers(let numbers):
      text += "[\n" + inner
      var column = indent + 2
      for (index, number) in numbers.enumerated() {
        let word = Self.text(number) + (index + 1 < numbers.count ? "," : "")
        if column > indent + 2, column + 1 + word.utf8.count > columns {
          text += "\n" + inner
          column = indent + 2
        } else if index > 0 {
          text += " "
          column += 1
        }
        text += word
        column += word.utf8.count
      }
      text += "\n" + String(repeating: " ", count: indent) + "]"
    case .null, .bool, .number, .string:
      writeLine(value, into: &text)
    }
  }

  private static func writeLine(_ value: JSONValue, into text: inout String) {
    switch value {
    case .null: text += "null"
    case .bool(let value): text += value ? "true" : "false"
    case .number(let value): text += Self.text(value)
    case .string(let value): text += quoted(value)
    case .numbers(let values): text += "[" + values.map(Self.text).joined(separator: ", ") + "]"
    case .array(let elements):
      text += "["
      for (index, element) in elements.enumerated() {
        if index > 0 { text += ", " }
        writeLine(element, into: &text)
      }
      text += "]"
    case .object(let members):
      text += "{"
      for (index, member) in members.enumerated() {
        if index > 0 { text += ", " }
        text += quoted(member.name) + ": "
        writeLine(member.value, into: &text)
      }
      text += "}"
    }
  }

  /// How wide the value is in one line; nil as soon as it is known to be wider than the room.
  private static func lineWidth(_ value: JSONValue, within room: Int) -> Int? {
    guard room > 0 else { return nil }
    var width = 2
    switch value {
    case .null, .bool: width = 5
    case .number(let value): width = text(value).utf8.count
    case .string(let value): width = value.utf8.count < room ? quoted(value).utf8.count : room + 1
    case .numbers(let values):
      for value in values {
        width += text(value).utf8.count + 2
        if width > room { return nil }
      }
    case .array(let elements):
      for element in elements {
        guard let part = lineWidth(element, within: room - width) else { return nil }
        width += part + 2
      }
    case .object(let members):
      for member in members {
        width += quoted(member.name).utf8.count + 4
        guard let part = lineWidth(member.value, within: room - width) else { return nil }
        width += part
      }
    }
    return width <= room ? width : nil
  }

  /// The shortest text that reads back as the number; JSON knows no infinity, and records hold none.
  private static func text(_ number: Double) -> String {
    guard number.isFinite else { return "null" }
    if let integer = Int(exactly: number), abs(number) < 0x1p53 { return "\(integer)" }
    return "\(number)"
  }

  private static func quoted(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": quoted += "\\\""
      case "\\": quoted += "\\\\"
      case "\n": quoted += "\\n"
      case "\t": quoted += "\\t"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }
}
