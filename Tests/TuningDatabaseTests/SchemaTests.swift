import Foundation
import Testing
import TuningDatabase

@Suite("The JSON Schema beside the databases")
struct SchemaTests {
  private static let folder = Fixture.package.appending(path: "TuningDB")

  private static func validator() throws -> JSONSchemaValidator {
    try JSONSchemaValidator(contentsOf: folder.appending(path: "tuning-database.schema.json"))
  }

  private static func errors(in bytes: [UInt8]) throws -> [String] {
    try validator().errors(in: JSONSerialization.jsonObject(with: Data(bytes)))
  }

  @Test("A database with every verdict and a profile validates")
  func fixture() throws {
    let database = try Fixture.database()
    #expect(try Self.errors(in: database.encoded()) == [])
    let verdicts = Set(database.entries.flatMap(\.candidates).map(\.verdict))
    #expect(verdicts.isSuperset(of: [.won, .lost, .dropped, .inexact, .wrong, .crashed, .timedOut, .refused]))
  }

  @Test("Every shipped database validates and is read")
  func shipped() throws {
    let files = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path)
      .filter { $0.hasSuffix(".json") && !$0.hasSuffix(".schema.json") }
    for file in files {
      let path = Self.folder.appending(path: file).path
      #expect(try Self.errors(in: Fixture.contents(of: path)) == [], "\(file)")
      #expect(try DatabaseFile(path: path).read() != nil)
    }
  }

  @Test("The schema knows every word that the library writes, and no other")
  func words() throws {
    let definitions = try #require(try Self.validator().root["$defs"] as? [String: [String: Any]])
    #expect(definitions["effort"]?["enum"] as? [String] == TuningEffort.allCases.map(\.rawValue))
    let candidate = try #require(definitions["candidate"]?["properties"] as? [String: [String: Any]])
    #expect(candidate["verdict"]?["enum"] as? [String] == Verdict.allCases.map(\.rawValue))
  }

  @Test(
    "What the library refuses in a database's form, the schema refuses too",
    arguments: [
      ("\"threads\": 1,", "\"threads\": 0,"), ("\"threads\": 1,", "\"thread\": 1,"), ("\"won\"", "\"best\""),
      ("\"planeList\"", "\"spiral\""), ("\"sampleCount\": ", "\"sampleCount\": 0.5, \"x\": "),
      ("\"effort\": \"normal\"", "\"effort\": 3"), ("\"measured\": \"", "\"measured\": \"on "),
      ("\"schemaVersion\": 1", "\"schemaVersion\": 2"), ("\"vendor\"", "\"seller\""),
      ("\"kernel\": \"direct.pixels\"", "\"kernel\": \"a/b\""), ("\"tile\": 14", "\"tile\": 1.5"),
    ])
  func refused(old: String, new: String) throws {
    let text = String(decoding: try Fixture.bytes(), as: UTF8.self)
    let place = try #require(text.range(of: old))
    let bytes = Array(text.replacingCharacters(in: place, with: new).utf8)
    #expect(try !Self.errors(in: bytes).isEmpty)
    #expect(throws: TuningDatabaseError.self) { try PlatformDatabase(decoding: bytes, path: "x.json") }
  }
}
