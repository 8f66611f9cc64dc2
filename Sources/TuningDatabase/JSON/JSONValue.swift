/// A JSON text as a tree; members keep the order of the text, so that what is written reads in a chosen order.
package enum JSONValue: Hashable, Sendable {
  /// `null`
  case null
  /// `true` or `false`
  case bool(Bool)
  /// A finite number.
  case number(Double)
  /// A text.
  case string(String)
  /// A list of numbers only: times come by the thousand, and this keeps them flat.
  case numbers([Double])
  /// Any other list.
  case array([JSONValue])
  /// Named values.
  case object([Member])

  /// One named value of an object.
  package struct Member: Hashable, Sendable {
    /// The name.
    package let name: String
    /// The value.
    package var value: JSONValue

    /// A named value.
    package init(_ name: String, _ value: JSONValue) {
      self.name = name
      self.value = value
    }
  }

  /// An object of the given members, in order; those whose value is nil are left out.
  package static func members(_ members: KeyValuePairs<String, JSONValue?>) -> JSONValue {
    .object(members.compactMap { name, value in value.map { Member(name, $0) } })
  }

  /// A whole number.
  package static func integer(_ value: Int) -> JSONValue { .number(Double(value)) }

  /// A list of texts.
  package static func strings(_ values: [String]) -> JSONValue { .array(values.map(JSONValue.string)) }

  /// An object of texts, names in alphabetical order.
  package static func dictionary(_ values: [String: String]) -> JSONValue {
    .object(values.sorted { $0.key < $1.key }.map { Member($0.key, .string($0.value)) })
  }

  /// What kind of value this is, for messages.
  package var kind: String {
    switch self {
    case .null: "null"
    case .bool: "a truth value"
    case .number: "a number"
    case .string: "a text"
    case .numbers, .array: "a list"
    case .object: "an object"
    }
  }

  /// The value of an object's member; nil when this is no object or has no such member.
  package subscript(_ name: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.name == name }?.value
  }
}

/// One step from a JSON value to a value inside it.
package enum JSONStep: Hashable, Sendable {
  /// Into an object.
  case member(String)
  /// Into a list, counted from 0.
  case index(Int)
}

/// Why a text is not the JSON that was expected.
package struct JSONFailure: Error, Hashable, Sendable {
  /// From the root to the offending value.
  package private(set) var path: [JSONStep]
  /// The line, counted from 1; nil where only the path is known so far.
  package private(set) var line: Int?
  /// What is wrong.
  package let reason: String

  /// A failure at a value.
  package init(_ reason: String, path: [JSONStep] = [], line: Int? = nil) {
    self.path = path
    self.line = line
    self.reason = reason
  }

  /// The same failure seen from the value that encloses the path's first step.
  package func inside(_ step: JSONStep) -> JSONFailure {
    var outer = self
    outer.path.insert(step, at: 0)
    return outer
  }

  /// The same failure with the line on which its path begins in the text that was parsed.
  package func located(in text: [UInt8]) -> JSONFailure {
    guard line == nil else { return self }
    var located = self
    located.line = JSONParser.line(of: path, in: text)
    return located
  }

  /// The path as `entries[3].candidates[0].threads`; `the file` for the root.
  package var location: String {
    var text = ""
    for step in path {
      switch step {
      case .member(let name): text += text.isEmpty ? name : ".\(name)"
      case .index(let index): text += "[\(index)]"
      }
    }
    return text.isEmpty ? "the file" : text
  }
}
