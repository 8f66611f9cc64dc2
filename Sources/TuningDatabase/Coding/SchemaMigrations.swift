/// How files of older schema versions become files of this one: a table of functions, each from one version to the next.
///
/// A version that was ever released stays readable: its step is never removed, and a file of it lies in the tests. Version 1
/// is the first, so the standard table is empty. Who changes the form of the file adds a step here, raises
/// ``PlatformDatabase/schemaVersion``, changes the JSON Schema, and adds a test file of the version left behind.
package struct SchemaMigrations: Sendable {
  /// Turns a whole file of one version into one of the next; `schemaVersion` itself is set by the table.
  package typealias Step = @Sendable (JSONValue) throws(JSONFailure) -> JSONValue

  private let current: Int
  private let steps: [Int: Step]

  /// The steps of this library.
  package static let standard = SchemaMigrations(current: PlatformDatabase.schemaVersion, steps: [:])

  /// A table that ends at the version `current`; `steps[n]` leads from version n to n + 1.
  package init(current: Int, steps: [Int: Step]) {
    self.current = current
    self.steps = steps
  }

  /// The file in the form of the current version, and whether anything had to be changed.
  ///
  /// - Throws: ``TuningDatabaseError/newerSchema(path:found:supported:)`` for a version beyond the current one.
  func migrate(_ value: JSONValue, path: String) throws(TuningDatabaseError) -> (value: JSONValue, isMigrated: Bool) {
    func failure(_ failure: JSONFailure) -> TuningDatabaseError { .malformed(failure, path: path) }
    var version: Int
    do throws(JSONFailure) {
      guard let stated = value["schemaVersion"] else { throw JSONFailure("lacks 'schemaVersion'") }
      do throws(JSONFailure) {
        version = try stated.integer(in: 1...1_000_000)
      } catch {
        throw error.inside(.member("schemaVersion"))
      }
    } catch {
      throw failure(error)
    }
    guard version <= current else { throw .newerSchema(path: path, found: version, supported: current) }
    let isMigrated = version < current
    var value = value
    while version < current {
      guard let step = steps[version] else {
        throw failure(
          JSONFailure("has version \(version), which no step leads on from", path: [.member("schemaVersion")]))
      }
      do { value = try step(value) } catch { throw failure(error) }
      version += 1
      value.replace("schemaVersion", with: .integer(version))
    }
    return (value, isMigrated)
  }
}

extension JSONValue {
  /// Sets a member of an object; does nothing to another value.
  package mutating func replace(_ name: String, with value: JSONValue) {
    guard case .object(var members) = self else { return }
    if let index = members.firstIndex(where: { $0.name == name }) {
      members[index].value = value
    } else {
      members.append(Member(name, value))
    }
    self = .object(members)
  }
}

extension TuningDatabaseError {
  /// A failure in a file.
  static func malformed(_ failure: JSONFailure, path: String) -> TuningDatabaseError {
    .malformed(path: path, line: failure.line, location: failure.location, reason: failure.reason)
  }
}
