import Foundation
import FuzzedParsers
import Testing

/// What fuzzing has found stays found: the seeds, the inputs that once broke a parser, and a short run of new ones.
@Suite("Fuzzed parsers")
struct FuzzingTests {
  static let seeds = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Seeds").path

  @Test(
    "Inputs that once broke a parser, and all seeds, are parsed or refused in one line",
    arguments: FuzzedParser.all.map(\.name))
  func seeds(name: String) throws {
    let parser = try #require(FuzzedParser.all.first { $0.name == name })
    let inputs = try parser.seeds() + SeedFiles.read(Self.seeds, parser: name)
    #expect(!inputs.isEmpty)
    for input in inputs { #expect(try !parser.parse(input).isEmpty) }
  }

  @Test(
    "Two thousand damaged inputs are parsed or refused, and the same seed damages them the same way",
    arguments: FuzzedParser.all.map(\.name))
  func damaged(name: String) throws {
    let parser = try #require(FuzzedParser.all.first { $0.name == name })
    let files = try SeedFiles.read(Self.seeds, parser: name)
    var first = try FuzzingSession(parser, seed: 7, files: files)
    var second = try FuzzingSession(parser, seed: 7, files: files)
    for _ in 0..<2000 {
      let input = first.nextInput()
      try first.parse(input)
      #expect(second.nextInput() == input)
      try second.parse(input)
    }
    #expect(first.fateCount > 3)
  }
}
