/// An object that is read member by member; what is missing, of the wrong kind, or left over is a failure with its path.
package struct JSONFields {
  private let members: [JSONValue.Member]
  private var isTaken: [Bool]
  private var next = 0

  /// The members of an object.
  package init(_ value: JSONValue) throws(JSONFailure) {
    guard case .object(let members) = value else { throw JSONFailure("is \(value.kind), not an object") }
    self.members = members
    isTaken = Array(repeating: false, count: members.count)
  }

  /// Reads a member if there is one.
  package mutating func optional<Result>(
    _ name: String, _ read: (JSONValue) throws(JSONFailure) -> Result
  ) throws(JSONFailure) -> Result? {
    // Files are written in the order in which they are read, so the next member is almost always the one.
    let found =
      next < members.count && members[next].name == name ? next : members.firstIndex { $0.name == name }
    guard let found else { return nil }
    isTaken[found] = true
    next = found + 1
    do { return try read(members[found].value) } catch { throw error.inside(.member(name)) }
  }

  /// Reads a member that has to be there.
  package mutating func required<Result>(
    _ name: String, _ read: (JSONValue) throws(JSONFailure) -> Result
  ) throws(JSONFailure) -> Result {
    guard let value = try optional(name, read) else { throw JSONFailure("lacks '\(name)'") }
    return value
  }

  /// Checks that every member was read: a name that this schema does not know is a mistake, not something to lose.
  package func finish() throws(JSONFailure) {
    if let unknown = isTaken.firstIndex(of: false) {
      throw JSONFailure("is a name that the schema does not know", path: [.member(members[unknown].name)])
    }
  }
}

extension JSONValue {
  /// The text.
  package func text() throws(JSONFailure) -> String {
    guard case .string(let text) = self else { throw JSONFailure("is \(kind), not a text") }
    return text
  }

  /// The truth value.
  package func truth() throws(JSONFailure) -> Bool {
    guard case .bool(let value) = self else { throw JSONFailure("is \(kind), not true or false") }
    return value
  }

  /// The number, which is not below zero.
  package func magnitude() throws(JSONFailure) -> Double {
    guard case .number(let value) = self else { throw JSONFailure("is \(kind), not a number") }
    guard value >= 0 else { throw JSONFailure("is \(value); it cannot be below 0") }
    return value
  }

  /// The whole number, which lies in a range.
  package func integer(in range: ClosedRange<Int>) throws(JSONFailure) -> Int {
    guard case .number(let number) = self else { throw JSONFailure("is \(kind), not a number") }
    guard let value = Int(exactly: number), range.contains(value) else {
      throw JSONFailure("is \(number); allowed are whole numbers from \(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }

  /// The list's numbers, none below zero.
  package func magnitudes() throws(JSONFailure) -> [Double] {
    let numbers = try numberList()
    if let wrong = numbers.firstIndex(where: { $0 < 0 }) {
      throw JSONFailure("is \(numbers[wrong]); it cannot be below 0", path: [.index(wrong)])
    }
    return numbers
  }

  private func numberList() throws(JSONFailure) -> [Double] {
    if case .numbers(let numbers) = self { return numbers }
    return try list { (value) throws(JSONFailure) in try value.magnitude() }
  }

  /// The list's elements, each read by a function.
  package func list<Element>(
    _ read: (JSONValue) throws(JSONFailure) -> Element
  ) throws(JSONFailure) -> [Element] {
    let values: [JSONValue]
    switch self {
    case .array(let elements): values = elements
    case .numbers(let numbers): values = numbers.map(JSONValue.number)
    default: throw JSONFailure("is \(kind), not a list")
    }
    var elements: [Element] = []
    elements.reserveCapacity(values.count)
    for (index, value) in values.enumerated() {
      do { elements.append(try read(value)) } catch { throw error.inside(.index(index)) }
    }
    return elements
  }

  /// The object's members, each read by a function.
  package func dictionary<Element>(
    _ read: (JSONValue) throws(JSONFailure) -> Element
  ) throws(JSONFailure) -> [String: Element] {
    guard case .object(let members) = self else { throw JSONFailure("is \(kind), not an object") }
    var elements: [String: Element] = [:]
    for member in members {
      do { elements[member.name] = try read(member.value) } catch { throw error.inside(.member(member.name)) }
    }
    return elements
  }
}
