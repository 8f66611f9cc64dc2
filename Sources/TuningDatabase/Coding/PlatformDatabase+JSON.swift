import FoundationEssentials
import HostPlatform

extension PlatformDatabase {
  /// The text of the file: what fits in a line in one line, entries and profiles in a fixed order. Equal databases give
  /// equal bytes.
  ///
  /// - Throws: ``TuningDatabaseError`` when the fingerprint cannot be spelt.
  public func encoded() throws(TuningDatabaseError) -> [UInt8] { Array(JSONWriter.pretty(try json()).utf8) }

  /// The database in one line: a line of a journal.
  func line() throws(TuningDatabaseError) -> [UInt8] { Array(JSONWriter.line(try json()).utf8) + [0x0a] }

  /// Reads the text of a file.
  ///
  /// - Parameters:
  ///   - bytes: the text.
  ///   - path: what errors call it.
  ///   - scope: how much is read; what is passed by is only checked for its brackets.
  /// - Throws: ``TuningDatabaseError`` when it is not a database, or one of a newer schema.
  public init(
    decoding bytes: [UInt8], path: String, scope: ReadingScope = .everything
  ) throws(TuningDatabaseError) {
    try self.init(decoding: bytes, path: path, migrations: .standard, scope: scope)
  }

  /// Reads the text of a file, older versions of which the given steps bring up.
  package init(
    decoding bytes: [UInt8], path: String, migrations: SchemaMigrations, scope: ReadingScope = .everything
  ) throws(TuningDatabaseError) {
    var parsed: JSONValue
    do { parsed = try JSONParser.parse(bytes, selection: scope.selection) } catch {
      if let kind = ForeignFile.kind(of: bytes) {
        throw .malformed(path: path, line: nil, location: "as a whole", reason: kind)
      }
      throw .malformed(error, path: path)
    }
    if scope.allowsMissingEntries, case .object(let members) = parsed, parsed["entries"] == nil {
      parsed = .object(members + [JSONValue.Member("entries", .array([]))])
    }
    let (value, isMigrated) = try migrations.migrate(parsed, path: path)
    do { try self.init(json: value) } catch {
      // A line of a text that a migration has changed would mislead.
      throw .malformed(isMigrated ? error : error.located(in: bytes), path: path)
    }
  }

  private func json() throws(TuningDatabaseError) -> JSONValue {
    .members([
      "schemaVersion": .integer(Self.schemaVersion), "libraryVersion": library.json, "created": created.json,
      "updated": updated.json, "platform": try Self.json(of: platform), "profiles": .array(profiles.map(\.json)),
      "entries": .array(entries.map(\.json)),
    ])
  }

  private init(json value: JSONValue) throws(JSONFailure) {
    var fields = try JSONFields(value)
    _ = try fields.required("schemaVersion") { (value) throws(JSONFailure) in try value.integer(in: 1...1_000_000) }
    let library = try fields.required("libraryVersion") { (value) throws(JSONFailure) in try value.libraryVersion() }
    let created = try fields.required("created") { (value) throws(JSONFailure) in try value.timestamp() }
    let updated = try fields.required("updated") { (value) throws(JSONFailure) in try value.timestamp() }
    let platform = try fields.required("platform", Self.fingerprint(from:))
    self.init(platform: platform, library: library, created: created)
    self.updated = updated
    let profiles = try fields.required("profiles") { (value) throws(JSONFailure) in
      try value.list(NetworkProfile.init(json:))
    }
    for (index, profile) in profiles.enumerated() {
      guard profilesByKey.updateValue(profile, forKey: profile.key) == nil else {
        throw JSONFailure("is there twice: \(profile.key)", path: [.member("profiles"), .index(index)])
      }
    }
    let entries = try fields.required("entries") { (value) throws(JSONFailure) in
      try value.list(TuningEntry.init(json:))
    }
    for (index, entry) in entries.enumerated() {
      guard entriesByKey.updateValue(entry, forKey: entry.key) == nil else {
        throw JSONFailure("is there twice: \(entry.key)", path: [.member("entries"), .index(index)])
      }
    }
    try fields.finish()
  }

  // The fingerprint's form is its own module's business: it goes through the general coder.

  private static func json(of platform: PlatformFingerprint) throws(TuningDatabaseError) -> JSONValue {
    do {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      return try JSONParser.parse(Array(try encoder.encode(platform)))
    } catch {
      throw .unwritable(path: "(platform)", reason: "the platform's fingerprint cannot be spelt: \(error)")
    }
  }

  private static func fingerprint(from value: JSONValue) throws(JSONFailure) -> PlatformFingerprint {
    guard case .object = value else { throw JSONFailure("is \(value.kind), not an object") }
    do {
      return try JSONDecoder().decode(PlatformFingerprint.self, from: Data(JSONWriter.line(value).utf8))
    } catch let error as DecodingError {
      throw JSONFailure("is no platform's fingerprint: \(reason(of: error))", path: path(of: error))
    } catch {
      throw JSONFailure("is no platform's fingerprint: \(error)")
    }
  }

  private static func path(of error: DecodingError) -> [JSONStep] {
    let keys =
      switch error {
      case .keyNotFound(_, let context), .typeMismatch(_, let context), .valueNotFound(_, let context),
        .dataCorrupted(let context):
        context.codingPath
      @unknown default: [any CodingKey]()
      }
    return keys.map { key in key.intValue.map(JSONStep.index) ?? .member(key.stringValue) }
  }

  private static func reason(of error: DecodingError) -> String {
    switch error {
    case .keyNotFound(let key, _): "it lacks '\(key.stringValue)'"
    case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
      context.debugDescription
    @unknown default: "\(error)"
    }
  }
}
