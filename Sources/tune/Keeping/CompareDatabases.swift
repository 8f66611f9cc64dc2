import ArgumentParser
import Luthier
import Presentation

/// `tune diff`: what differs between two databases.
struct CompareDatabases: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "diff", abstract: "Print what another database has, lacks, or says otherwise.",
    discussion: """
      A line with + is only in the second, one with - only in the first; ~ names another winner, another time of the same
      winner, and kernels and libraries whose version changed in between.
      """)

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
    /// The line of each difference.
    let differences: [String]
    /// The same in parts.
    let changes: [DatabaseChangeRow]
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
      print(([row.platform] + row.differences + ["", Self.summary(row.changes)]).joined(separator: "\n"))
    }
    if rows.allSatisfy(\.differences.isEmpty) { print("no difference") }
  }

  private func databases(_ path: String) throws -> [PlatformDatabase] {
    try DatabaseFolder.merged(DatabaseFolder.databases(at: path).map(\.database))
  }

  private func row(from old: PlatformDatabase, to new: PlatformDatabase) -> Row {
    let changes = DatabaseDifference(from: old, to: new, tolerance: tolerance).changes
    return Row(
      platform: new.platform.name, differences: changes.map(\.description), changes: changes.map(DatabaseChangeRow.init)
    )
  }

  /// How many differences there are of each kind.
  private static func summary(_ changes: [DatabaseChangeRow]) -> String {
    func count(_ kinds: DatabaseChangeRow.Kind..., words: String) -> String? {
      let found = changes.filter { kinds.contains($0.kind) }
      let versions = found.count { !$0.versions.isEmpty }
      let reason =
        versions > 0 && kinds != [.version] ? " (\(versions) with kernels or libraries of another version)" : ""
      return found.isEmpty ? nil : "\(found.count) \(words)\(reason)"
    }
    return [
      count(.removed, words: "only in the first"), count(.added, words: "only in the second"),
      count(.winner, words: "with another winner"), count(.time, words: "with another time of the same winner"),
      count(.version, words: "alike but for versions"),
      count(.addedProfile, .removedProfile, .profile, words: "of profiles"),
    ].compactMap { $0 }.joined(separator: ", ")
  }
}
