import Foundation
import Testing

/// A small network tuned into a folder.
enum TunedFolder {
  static let network = ["--network", "shufflenet_v2_x0_5", "--input-size", "32", "--effort", "quick"]

  static func tune(into folder: String, _ arguments: [String] = network, environment: [String: String] = [:]) throws {
    let run = try ProgramRun(
      "tune", ["--platform", "this-host", "--database", folder] + arguments, environment: environment)
    try #require(run.status == 0, "\(run.errors)")
  }

  static func databaseFile(in folder: URL) throws -> String {
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    return folder.appendingPathComponent(try #require(names.first { $0.hasSuffix(".json") })).path
  }
}
