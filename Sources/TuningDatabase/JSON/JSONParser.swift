/// What a JSON text may cost before it is refused: a database comes from anywhere.
package struct JSONLimits: Sendable {
  /// Bytes of the whole text.
  package var bytes = 64 << 20
  /// Lists and objects inside each other.
  package var depth = 24
  /// Values, not counting the numbers in lists of numbers: what bounds the memory of the tree.
  package var values = 2_000_000
  /// Bytes of one text: the longest key of a problem, and as much again for what is escaped.
  package var stringBytes = 2 << 20
  /// Characters of one number.
  package var numberLength = 64

  /// The limits of a database.
  package init() {}
}

/// Reads a JSON text (RFC 8259) strictly: one value, valid UTF-8, finite numbers, no name twice, within ``JSONLimits``.
package struct JSONParser {
  private let bytes: [UInt8]
  private let limits: JSONLimits
  private var position = 0
  private var valueCount = 0
  private var path: [JSONStep] = []
  private let target: [JSONStep]?
  private let selection: JSONSelection?
  private var targetPosition: Int?
  /// Whether the rest of the text is left alone.
  private var isDone = false

  private init(_ bytes: [UInt8], _ limits: JSONLimits, target: [JSONStep]? = nil, selection: JSONSelection? = nil) {
    self.bytes = bytes
    self.limits = limits
    self.target = target
    self.selection = selection
  }

  /// The value of a text.
  ///
  /// - Throws: ``JSONFailure`` with line and path when the text is not JSON or exceeds a limit.
  ///
  /// - Parameter selection: which elements of a list are read; nil for all.
  package static func parse(
    _ bytes: [UInt8], limits: JSONLimits = JSONLimits(), selection: JSONSelection? = nil
  ) throws(JSONFailure) -> JSONValue {
    var parser = JSONParser(bytes, limits, selection: selection)
    return try parser.document()
  }

  /// The line on which the value at a path begins; nil when there is no such value.
  static func line(of path: [JSONStep], in bytes: [UInt8]) -> Int? {
    var parser = JSONParser(bytes, JSONLimits(), target: path)
    _ = try? parser.document()
    return parser.targetPosition.map { parser.line(at: $0) }
  }

  private mutating func document() throws(JSONFailure) -> JSONValue {
    guard bytes.count <= limits.bytes else {
      throw JSONFailure("is \(bytes.count) bytes long; at most \(limits.bytes) are read")
    }
    let value = try value(depth: 0)
    if isDone { return value }
    skipSpace()
    guard position == bytes.count else { throw failure("is followed by more text") }
    return value
  }

  private mutating func value(depth: Int) throws(JSONFailure) -> JSONValue {
    skipSpace()
    if let target, target == path, targetPosition == nil { targetPosition = position }
    valueCount += 1
    guard valueCount <= limits.values else { throw failure("holds more than \(limits.values) values") }
    guard let first = peek else { throw failure("ends where a value should be") }
    switch first {
    case UInt8(ascii: "{"): return try object(depth: depth + 1)
    case UInt8(ascii: "["): return try list(depth: depth + 1)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    default: return .number(try number())
    }
  }

  private mutating func object(depth: Int) throws(JSONFailure) -> JSONValue {
    try check(depth: depth)
    position += 1
    var members: [JSONValue.Member] = []
    var names: Set<String> = []
    skipSpace()
    if skip("}") { return .object([]) }
    repeat {
      skipSpace()
      guard peek == UInt8(ascii: "\"") else { throw failure("has something other than a name in quotes") }
      let name = try string()
      // A few names are compared one by one; many need the set, or a hostile file would take quadratic time.
      if members.count == 16 { names = Set(members.map(\.name)) }
      let isTaken = members.count < 16 ? members.contains { $0.name == name } : !names.insert(name).inserted
      guard !isTaken else { throw failure("has the name '\(name.prefix(80))' twice") }
      skipSpace()
      guard skip(":") else { throw failure("lacks ':' after '\(name.prefix(80))'") }
      path.append(.member(name))
      members.append(JSONValue.Member(name, try value(depth: depth)))
      path.removeLast()
      if depth == 1, let last = selection?.last, last == name {
        isDone = true
        return .object(members)
      }
      skipSpace()
    } while skip(",")
    guard skip("}") else { throw failure("lacks ',' or '}'") }
    return .object(members)
  }

  private mutating func list(depth: Int) throws(JSONFailure) -> JSONValue {
    try check(depth: depth)
    position += 1
    skipSpace()
    if skip("]") { return .array([]) }
    if target == nil, let numbers = try numbers() { return .numbers(numbers) }
    var elements: [JSONValue] = []
    let isRead: (@Sendable (ArraySlice<UInt8>) -> Bool)? =
      if depth == 2, let selection, case .member(let name)? = path.last { selection.lists[name] } else { nil }
    repeat {
      if let isRead {
        skipSpace()
        if !isRead(bytes[position...]) {
          try skipValue()
          skipSpace()
          continue
        }
      }
      path.append(.index(elements.count))
      elements.append(try value(depth: depth))
      path.removeLast()
      skipSpace()
    } while skip(",")
    guard skip("]") else { throw failure("lacks ',' or ']'") }
    return .array(elements)
  }

  /// Passes by a list or object without reading it; its texts are told from its brackets, and nothing more.
  private mutating func skipValue() throws(JSONFailure) {
    let start = position
    let end = bytes.withUnsafeBufferPointer { bytes -> Int? in
      var depth = 0
      var position = start
      while position < bytes.count {
        switch bytes[position] {
        case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
          depth -= 1
          if depth == 0 { return position + 1 }
        case UInt8(ascii: "\""):
          position += 1
          while position < bytes.count, bytes[position] != UInt8(ascii: "\"") {
            position += bytes[position] == UInt8(ascii: "\\") ? 2 : 1
          }
        default:
          if depth == 0 { return nil }
        }
        position += 1
      }
      return nil
    }
    guard let end else { throw failure("is a list or object without an end") }
    position = end
  }

  /// A list of numbers only, after its `[`; nil, with nothing consumed, when something else is in it.
  private mutating func numbers() throws(JSONFailure) -> [Double]? {
    let start = position
    var numbers: [Double] = []
    repeat {
      skipSpace()
      guard let first = peek, first == UInt8(ascii: "-") || Self.isDigit(first) else {
        position = start
        return nil
      }
      path.append(.index(numbers.count))
      numbers.append(try number())
      path.removeLast()
      skipSpace()
    } while skip(",")
    guard skip("]") else { throw failure("lacks ',' or ']'") }
    return numbers
  }

  private mutating func word(_ word: StaticString, _ value: JSONValue) throws(JSONFailure) -> JSONValue {
    let end = position + word.utf8CodeUnitCount
    let matches = end <= bytes.count && bytes[position..<end].elementsEqual("\(word)".utf8)
    guard matches else { throw failure("is no value") }
    position = end
    return value
  }

  private func check(depth: Int) throws(JSONFailure) {
    guard depth <= limits.depth else { throw failure("nests deeper than \(limits.depth) levels") }
  }

  // MARK: Numbers

  private static func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }

  private mutating func number() throws(JSONFailure) -> Double {
    let start = position
    var mantissa: UInt64 = 0
    var isExact = true
    var exponent = 0
    let isNegative = skip("-")
    func take(_ parser: inout JSONParser, scale: Int) -> Int {
      let first = parser.position
      while let byte = parser.peek, Self.isDigit(byte), parser.position - start <= parser.limits.numberLength {
        if mantissa < 1 << 49 {
          mantissa = mantissa * 10 + UInt64(byte &- UInt8(ascii: "0"))
          exponent += scale
        } else {
          isExact = false
        }
        parser.position += 1
      }
      return parser.position - first
    }
    let leading = peek
    let integerDigits = take(&self, scale: 0)
    guard integerDigits > 0 else { throw failure("is no value") }
    guard leading != UInt8(ascii: "0") || integerDigits == 1 else { throw failure("is a number that begins with 0") }
    if skip(".") {
      guard take(&self, scale: -1) > 0 else { throw failure("is a number without digits after its point") }
    }
    if skip("e") || skip("E") {
      isExact = false
      if !skip("-") { _ = skip("+") }
      let digits = position
      while let byte = peek, Self.isDigit(byte), position - start <= limits.numberLength { position += 1 }
      guard position > digits else { throw failure("is a number without an exponent") }
    }
    guard position - start <= limits.numberLength else {
      throw failure("is a number of more than \(limits.numberLength) characters")
    }
    let magnitude: Double
    if isExact, exponent >= -22 {
      // Both are exact in a Double, so one division rounds correctly (Clinger, "How to Read Floating Point Numbers
      // Accurately", section 4).
      magnitude = Double(mantissa) / Self.powersOfTen[-exponent]
      return isNegative ? -magnitude : magnitude
    }
    guard let value = Double(String(decoding: bytes[start..<position], as: UTF8.self)), value.isFinite else {
      throw failure("is a number that is out of range")
    }
    return value
  }

  private static let powersOfTen: [Double] = (0...22).reduce(into: []) { powers, _ in
    powers.append((powers.last ?? 0.1) * 10)
  }

  // MARK: Texts

  private mutating func string() throws(JSONFailure) -> String {
    position += 1
    let start = position
    while let byte = peek, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 { position += 1 }
    var text = try utf8(start..<position)
    while !skip("\"") {
      guard let byte = peek else { throw failure("is a text without an end") }
      guard byte >= 0x20 else { throw failure("is a text with a control character") }
      if skip("\\") {
        text.unicodeScalars.append(try escape())
      } else {
        let start = position
        while let byte = peek, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 { position += 1 }
        text += try utf8(start..<position)
      }
    }
    guard position - start <= limits.stringBytes else {
      throw failure("is a text of more than \(limits.stringBytes) bytes")
    }
    return text
  }

  private func utf8(_ range: Range<Int>) throws(JSONFailure) -> String {
    guard let text = String(validating: bytes[range], as: UTF8.self) else {
      throw failure("is a text that is not UTF-8")
    }
    return text
  }

  private mutating func escape() throws(JSONFailure) -> Unicode.Scalar {
    guard let byte = peek else { throw failure("is a text without an end") }
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{c}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"):
      let high = try hexadecimal()
      if let scalar = Unicode.Scalar(high) { return scalar }
      guard high < 0xdc00, skip("\\"), skip("u") else { throw failure("is a text with half a surrogate pair") }
      let low = try hexadecimal()
      guard (0xdc00...0xdfff).contains(low),
        let scalar = Unicode.Scalar(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00))
      else { throw failure("is a text with half a surrogate pair") }
      return scalar
    default: throw failure("is a text with an unknown escape")
    }
  }

  private mutating func hexadecimal() throws(JSONFailure) -> UInt32 {
    guard position + 4 <= bytes.count else { throw failure("is a text without an end") }
    let digits = bytes[position..<(position + 4)]
    guard digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
      let value = UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
    else { throw failure("is a text with a malformed \\u escape") }
    position += 4
    return value
  }

  // MARK: Bytes

  private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func skip(_ character: Unicode.Scalar) -> Bool {
    guard peek == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func skipSpace() {
    while position < bytes.count {
      switch bytes[position] {
      case 0x20, 0x0a, 0x0d, 0x09: position += 1
      default: return
      }
    }
  }

  private func line(at offset: Int) -> Int {
    1 + bytes.prefix(offset).count { $0 == 0x0a }
  }

  private func failure(_ reason: String) -> JSONFailure {
    JSONFailure(reason, path: path, line: line(at: position))
  }
}
