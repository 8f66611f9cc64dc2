/// The canonical text of a problem: the operation's name, then `name=value` fields in a fixed order.
///
/// `convolution n=1 c=58 h=28 w=28 k=58 kernel=3x3 stride=1x1 dilation=1x1 pads=1,1,1,1 groups=58 epilogue=bias+relu`
///
/// It is what a database stores, what `tune explain` prints and what a command line takes back.
public struct ProblemKey: Hashable, Sendable {
  /// The operation's name.
  public let operation: String

  /// The fields in their order.
  public let fields: [Field]

  /// One `name=value` pair; neither side holds a space.
  public struct Field: Hashable, Sendable {
    /// What the value says.
    public let name: String
    /// The value, as text.
    public let value: String
  }

  /// The longest text that is read as a key, in characters.
  public static let maximumLength = 1 << 20

  /// A key of the given fields.
  public init(operation: String, _ fields: KeyValuePairs<String, String>) {
    self.operation = operation
    self.fields = fields.map { Field(name: $0.key, value: $0.value) }
  }

  private init(operation: String, fields: [Field]) {
    self.operation = operation
    self.fields = fields
  }

  /// The key with one more field at its end.
  func adding(_ name: String, _ value: String) -> ProblemKey {
    ProblemKey(operation: operation, fields: fields + [Field(name: name, value: value)])
  }

  /// A key of text that is known to be well formed.
  init(uncheckedText text: String) {
    let words = text.split(separator: " ")
    operation = words.first.map(String.init) ?? ""
    fields = words.dropFirst().map { word in
      let sides = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      return Field(name: String(sides[0]), value: sides.count > 1 ? String(sides[1]) : "")
    }
  }

  /// Reads a key from text.
  ///
  /// - Throws: ``ProblemError/malformedKey(_:)`` when the text is not of the form above.
  public init(parsing text: String) throws(ProblemError) {
    guard text.utf8.count <= Self.maximumLength else { throw .malformedKey(Self.excerpt(text)) }
    let words = text.split(separator: " ")
    guard let first = words.first, !first.contains("=") else { throw .malformedKey(Self.excerpt(text)) }
    operation = String(first)
    var fields: [Field] = []
    var names: Set<String> = []
    for word in words.dropFirst() {
      let sides = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard sides.count == 2, !sides[0].isEmpty else { throw .malformedKey(Self.excerpt(text)) }
      let name = String(sides[0])
      guard names.insert(name).inserted else { throw .malformedKey(Self.excerpt(text)) }
      fields.append(Field(name: name, value: String(sides[1])))
    }
    self.fields = fields
  }

  /// As much of a text as a line of an error has room for.
  private static func excerpt(_ text: String) -> String { text.count > 200 ? "\(text.prefix(80))…" : text }

  /// Checks that the key is of a problem's operation and has no field but the problem's own: what is not understood would
  /// else be read as another problem.
  ///
  /// To be called by a problem that has been read from the key.
  ///
  /// - Throws: ``ProblemError/malformedKey(_:)`` or ``ProblemError/unknownField(key:name:)``.
  public func check(against problem: some LayerProblem) throws(ProblemError) {
    let own = problem.key
    guard operation == own.operation else { throw .malformedKey(Self.excerpt(description)) }
    if fields.elementsEqual(own.fields, by: { $0.name == $1.name }) { return }
    let known = Set(own.fields.map(\.name))
    for field in fields where !known.contains(field.name) {
      throw .unknownField(key: Self.excerpt(description), name: field.name)
    }
  }

  /// The text of a field.
  ///
  /// - Throws: ``ProblemError/missingField(key:name:)`` when there is none.
  public func text(_ name: String) throws(ProblemError) -> String { try text(name, near: 0) }

  /// - Parameter index: where the field is expected, for keys of so many fields that a search for each would take long.
  private func text(_ name: String, near index: Int) throws(ProblemError) -> String {
    if fields.indices.contains(index), fields[index].name == name { return fields[index].value }
    guard let field = fields.first(where: { $0.name == name }) else {
      throw .missingField(key: Self.excerpt(description), name: name)
    }
    return field.value
  }

  /// A field that is one whole number.
  ///
  /// - Throws: ``ProblemError`` when there is none or it is not a number.
  public func integer(_ name: String) throws(ProblemError) -> Int {
    try integers(name, separator: ",", count: 1)[0]
  }

  /// A field that is several whole numbers, such as `3x3` or `1,1,1,1`.
  ///
  /// - Throws: ``ProblemError`` when there is none, one is not a number, or there are not `count` (if given).
  public func integers(_ name: String, separator: Character, count: Int? = nil) throws(ProblemError) -> [Int] {
    try integers(name, separator: separator, count: count, near: 0)
  }

  /// - Parameter index: where the field is expected.
  func integers(
    _ name: String, separator: Character, count: Int? = nil, near index: Int
  ) throws(ProblemError) -> [Int] {
    let value = try text(name, near: index)
    if value.isEmpty, count == nil { return [] }
    var numbers: [Int] = []
    for part in value.split(separator: separator, omittingEmptySubsequences: false) {
      guard let number = Int(part) else {
        throw .malformedField(key: Self.excerpt(description), name: name, value: Self.excerpt(value))
      }
      numbers.append(number)
    }
    guard count == nil || numbers.count == count else {
      throw .malformedField(key: description, name: name, value: value)
    }
    return numbers
  }

  /// A field that is a shape, such as `1x58x28x28`.
  ///
  /// - Throws: ``ProblemError`` when there is none or it is not a shape.
  public func shape(_ name: String) throws(ProblemError) -> TensorShape {
    let value = try text(name)
    if value == TensorShape.scalar.description { return .scalar }
    let sizes = try integers(name, separator: "x")
    do { return try TensorShape(sizes) } catch { throw .shape(error) }
  }
}

extension ProblemKey: CustomStringConvertible {
  /// The key's text.
  public var description: String {
    var text = operation
    text.reserveCapacity(160)
    for field in fields {
      text += " "
      text += field.name
      text += "="
      text += field.value
    }
    return text
  }
}

extension ProblemKey: Codable {
  /// Reads the key from a single string.
  public init(from decoder: any Decoder) throws {
    try self.init(parsing: decoder.singleValueContainer().decode(String.self))
  }

  /// Writes the key as a single string.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}

/// Why sizes do not make a problem.
public enum ProblemError: Error, Equatable, CustomStringConvertible {
  /// The text is no key.
  case malformedKey(String)
  /// The key lacks a field.
  case missingField(key: String, name: String)
  /// The key has a field that its operation does not know: it is of a newer library, or misspelt.
  case unknownField(key: String, name: String)
  /// A field's text cannot be read.
  case malformedField(key: String, name: String, value: String)
  /// A size is outside its range.
  case outOfRange(name: String, value: Int, allowed: ClosedRange<Int>)
  /// Sizes that do not fit together, with the reason.
  case inconsistent(String)
  /// A shape that follows from the sizes cannot be.
  case shape(ShapeError)

  /// One line that names the field, its value and what is allowed.
  public var description: String {
    switch self {
    case .malformedKey(let text): "'\(text)' is no problem key (operation name=value …)"
    case .missingField(let key, let name): "problem '\(key)' lacks the field '\(name)'"
    case .unknownField(let key, let name): "problem '\(key)' has the field '\(name)', which is not known here"
    case .malformedField(let key, let name, let value): "problem '\(key)': '\(value)' is no value for '\(name)'"
    case .outOfRange(let name, let value, let allowed):
      "\(name) is \(value); allowed are \(allowed.lowerBound) to \(allowed.upperBound)"
    case .inconsistent(let reason): reason
    case .shape(let error): error.description
    }
  }
}

/// Checks a size against its range.
///
/// - Throws: ``ProblemError/outOfRange(name:value:allowed:)`` when it is outside.
public func checkSize(_ name: String, _ value: Int, in allowed: ClosedRange<Int>) throws(ProblemError) {
  guard allowed.contains(value) else { throw .outOfRange(name: name, value: value, allowed: allowed) }
}

/// Makes a shape that follows from a problem's sizes.
///
/// - Throws: ``ProblemError/shape(_:)`` when it cannot be.
public func checkedShape(_ dimensions: [Int]) throws(ProblemError) -> TensorShape {
  do { return try TensorShape(dimensions) } catch { throw .shape(error) }
}
