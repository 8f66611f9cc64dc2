import Foundation

/// Inputs that are kept as files: sound ones and those that once broke a parser, in a folder a parser.
public enum SeedFiles {
  /// The files of a parser's folder, in the order of their names; none where there is no such folder.
  ///
  /// - Throws: when a file cannot be read.
  public static func read(_ folder: String, parser: String) throws -> [[UInt8]] {
    let place = URL(fileURLWithPath: folder).appendingPathComponent(parser)
    let names = (try? FileManager.default.contentsOfDirectory(atPath: place.path)) ?? []
    return try names.sorted().map { [UInt8](try Data(contentsOf: place.appendingPathComponent($0))) }
  }
}
