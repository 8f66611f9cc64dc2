import Foundation
import LayerKernels
import Testing
import TuningDatabase

@Suite("Files of misses")
struct MissesFileTests {
  private static func misses() throws -> [MissesFile.Miss] {
    try [58, 116].map { MissesFile.Miss(problem: try Fixture.convolution(channels: $0).key, threads: 2) }
  }

  @Test("A line that was torn anywhere, or that a power failure has filled with zeros, is skipped and counted")
  func torn() throws {
    try Fixture.withFolder { folder in
      let file = MissesFile(path: "\(folder)/misses.jsonl")
      let misses = try Self.misses()
      try file.record([misses[0]])
      let first = try Fixture.contents(of: file.path)
      let line = first.dropLast()
      for length in 1..<line.count {
        try Fixture.write(first + line.prefix(length), to: file.path)
        let contents = try file.contents()
        #expect(contents == .init(misses: [misses[0]], tornLineCount: 1), "\(length)")
        // The next one who records is not spoilt by it, nor is anybody after that.
        #expect(try file.record(misses) == 1)
        #expect(try file.contents() == .init(misses: misses, tornLineCount: 1), "\(length)")
      }
      try Fixture.write(first + line.prefix(20) + [0, 0, 0], to: file.path)
      #expect(try file.contents() == .init(misses: [misses[0]], tornLineCount: 1))
      try Fixture.write(first + [0, 0, 0, 0], to: file.path)
      #expect(try file.contents() == .init(misses: [misses[0]], tornLineCount: 1))
      // Whole but for its line feed.
      try Fixture.write(line, to: file.path)
      #expect(try file.contents() == .init(misses: [misses[0]], tornLineCount: 0))
    }
  }

  @Test(
    "A file of something else is none, and stays as it is",
    arguments: [
      "hello", "{\"problem\": 3}", "{\"threads\":1}\n", "{\"problem\":\"x\",\"threads\":0}", "<!DOCTYPE html>",
    ])
  func foreign(content: String) throws {
    try Fixture.withFolder { folder in
      let file = MissesFile(path: "\(folder)/notes.txt")
      try Fixture.write(Array(content.utf8), to: file.path)
      #expect(throws: MissesFileError.self) { try file.read() }
      #expect(throws: MissesFileError.self) { try file.record(Self.misses()) }
      #expect(try Fixture.contents(of: file.path) == Array(content.utf8))
    }
  }

  @Test("Behind a link the misses and their lock lie where it leads")
  func link() throws {
    try Fixture.withFolder { folder in
      try FileManager.default.createDirectory(atPath: "\(folder)/data", withIntermediateDirectories: false)
      try FileManager.default.createSymbolicLink(atPath: "\(folder)/link", withDestinationPath: "data/misses.jsonl")
      #expect(try MissesFile(path: "\(folder)/link").record(Self.misses()) == 2)
      #expect(try MissesFile(path: "\(folder)/data/misses.jsonl").read() == Self.misses())
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == ["data", "link"])
    }
  }
}
