import ArgumentParser
import Luthier
import Presentation

/// `tune merge`: the databases of many machines in one place.
struct MergeDatabases: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "merge", abstract: "Join databases: of two results of one candidate the newer stays.",
    discussion: "Merging the same files in any order, and again, gives the same result.")

  @Argument(help: "Databases, or folders of them.")
  var inputs: [String]

  @Option(
    name: .shortAndLong,
    help: "A folder, which receives a file a platform, or a .json file for a single platform. What is there is kept.")
  var output: String

  struct Row: Encodable {
    let file: String
    let platform: String
    let problems: Int
    let profiles: Int
  }

  @Flag(help: "Print as JSON.")
  var json = false

  func validate() throws { try checkFile(output, option: "--output", format: "--json") }

  func run() throws {
    let databases = try inputs.flatMap { try DatabaseFolder.databases(at: $0).map(\.database) }
    let merged = try DatabaseFolder.merged(databases)
    let location = DatabaseLocation(path: output, origin: .argument)
    guard merged.count == 1 || !location.isFile else {
      throw ValidationError(
        "\(output) can hold one platform, but the databases are of \(merged.map(\.platform.name).joined(separator: ", ")); "
          + "name a folder.")
    }
    let rows = try merged.map { database in
      let file = try location.file(of: database.platform)
      let written = try file.update(platform: database.platform) { (stored) throws(TuningDatabaseError) in
        try stored.merge(database)
      }
      return Row(
        file: file.path, platform: database.platform.name, problems: written.database.entries.count,
        profiles: written.database.profiles.count)
    }
    guard !json else {
      print(try JSONOutput.text(rows))
      return
    }
    for row in rows { print("\(row.file): \(row.platform), \(row.problems) problems, \(row.profiles) profiles") }
  }
}
