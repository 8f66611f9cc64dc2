import Foundation

/// Checks a JSON value against the part of JSON Schema (2020-12) that the database's schema uses; a keyword that is not in
/// that part is itself an error, so nothing in the schema goes unchecked.
struct JSONSchemaValidator {
  let root: [String: Any]

  init(contentsOf url: URL) throws {
    guard let root = try JSONSerialization.jsonObject(with: Data(contentsOf: url)) as? [String: Any] else {
      throw CocoaError(.propertyListReadCorrupt)
    }
    self.root = root
  }

  /// What is wrong with the value, a line each.
  func errors(in value: Any) -> [String] { errors(value, root, "$") }

  private func errors(_ value: Any, _ schema: [String: Any], _ path: String) -> [String] {
    schema.keys.sorted().flatMap { keyword in
      check(keyword, schema[keyword] ?? NSNull(), value, schema, path)
    }
  }

  private func check(
    _ keyword: String, _ rule: Any, _ value: Any, _ schema: [String: Any], _ path: String
  ) -> [String] {
    func error(_ reason: String) -> [String] { ["\(path): \(reason)"] }
    switch (keyword, rule) {
    case ("$schema", _), ("$defs", _), ("title", _), ("description", _): return []
    case ("$ref", let name as String):
      guard let definitions = root["$defs"] as? [String: Any],
        let target = definitions[name.replacingOccurrences(of: "#/$defs/", with: "")] as? [String: Any]
      else { return error("no definition \(name)") }
      return errors(value, target, path)
    case ("type", let type as String): return isOf(type, value) ? [] : error("is not of type \(type)")
    case ("const", let number as NSNumber): return (value as? NSNumber) == number ? [] : error("is not \(number)")
    case ("enum", let words as [String]):
      return (value as? String).map(words.contains) ?? false ? [] : error("is none of \(words)")
    case ("pattern", let pattern as String):
      guard let text = value as? String else { return [] }
      return text.range(of: pattern, options: .regularExpression) != nil ? [] : error("'\(text)' is not \(pattern)")
    case ("minimum", let bound as NSNumber):
      return (value as? NSNumber).map { $0.doubleValue >= bound.doubleValue } ?? true ? [] : error("is below \(bound)")
    case ("maximum", let bound as NSNumber):
      return (value as? NSNumber).map { $0.doubleValue <= bound.doubleValue } ?? true ? [] : error("is above \(bound)")
    case ("maxLength", let bound as Int):
      return (value as? String).map { $0.count <= bound } ?? true ? [] : error("is too long")
    case ("maxItems", let bound as Int):
      return (value as? [Any]).map { $0.count <= bound } ?? true ? [] : error("has too many items")
    case ("items", let items as [String: Any]):
      return (value as? [Any] ?? []).enumerated().flatMap { errors($0.element, items, "\(path)[\($0.offset)]") }
    case ("required", let names as [String]):
      guard let members = value as? [String: Any] else { return [] }
      return names.filter { members[$0] == nil }.flatMap { error("lacks \($0)") }
    case ("dependentRequired", let rules as [String: [String]]):
      guard let members = value as? [String: Any] else { return [] }
      return rules.filter { members[$0.key] != nil }.flatMap { rule in
        rule.value.filter { members[$0] == nil }.flatMap { error("has \(rule.key) but lacks \($0)") }
      }
    case ("properties", let properties as [String: [String: Any]]):
      guard let members = value as? [String: Any] else { return [] }
      return properties.flatMap { name, schema in members[name].map { errors($0, schema, "\(path).\(name)") } ?? [] }
    case ("additionalProperties", let rule):
      guard let members = value as? [String: Any] else { return [] }
      let known = (schema["properties"] as? [String: Any] ?? [:]).keys
      return members.filter { !known.contains($0.key) }.flatMap { name, value in
        guard let schema = rule as? [String: Any] else { return error("has the unknown member \(name)") }
        return errors(value, schema, "\(path).\(name)")
      }
    default: return error("the validator does not know the keyword \(keyword)")
    }
  }

  private func isOf(_ type: String, _ value: Any) -> Bool {
    switch type {
    case "object": value is [String: Any]
    case "array": value is [Any]
    case "string": value is String
    case "boolean": (value as? NSNumber).map { CFBoolean.isBoolean($0) } ?? false
    case "number": (value as? NSNumber).map { !CFBoolean.isBoolean($0) } ?? false
    case "integer":
      (value as? NSNumber).map { !CFBoolean.isBoolean($0) && $0.doubleValue.rounded() == $0.doubleValue } ?? false
    default: false
    }
  }

  private enum CFBoolean {
    static func isBoolean(_ number: NSNumber) -> Bool { String(cString: number.objCType) == "c" }
  }
}
