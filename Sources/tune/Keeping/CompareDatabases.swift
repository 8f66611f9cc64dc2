import ArgumentParser
import Luthier
import Presentation

/// `tune diff`: what differs between two databases.
struct CompareDatabases: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "diff", abstract: "Print what another database has, lacks, or says otherwise.")

  @Argument(help: "A database, or a folder of them.")
  var first: String

  @Argument(help: "Another.")
  var second: String

  @Option(help: "How far apart times of one winner may be without being named, as a fraction.")
  var tolerance = 0.05

  @OptionGroup var printing: TableArguments

  func validate() throws {
    guard (0...10).contains(tolerance) else {
      throw ValidationError("--tolerance is \(tolerance); allowed are 0 to 10.")
    }
  }

  struct Row: Encodable {
    let platform: String
    let differences: [String]
  }

  func run() throws {
    let (old, new) = (try databases(first), try databases(second))
    var rows: [Row] = []
    for before in old {
      let after =
        new.first { $0.platform.differences(from: before.platform) == nil }
        ?? PlatformDatabase(platform: before.platform)
      rows.append(row(from: before, to: after))
    }
    for after in new where !old.contains(where: { $0.platform.differences(from: after.platform) == nil }) {
      rows.append(row(from: PlatformDatabase(platform: after.platform), to: after))
    }
    guard printing.format == .text else {
      print(try JSONOutput.text(rows))
      return
    }
    for row in rows where !row.differences.isEmpty {
      print(([row.platform] + row.differences).joined(separator: "\n"))
    }
    if rows.allSatisfy(\.differences.isEmpty) { print("no difference") }
  }

  private func databases(_ path: String) throws -> [PlatformDatabase] {
    try DatabaseFolder.merged(DatabaseFolder.databases(at: path).map(\.database))
  }

  private func row(from old: PlatformDatabase, to new: PlatformDatabase) -> Row {
    Row(
      platform: new.platform.name,
      differences: DatabaseDifference(from: old, to: new, tolerance: tolerance).changes.map(\.description))
  }
}
