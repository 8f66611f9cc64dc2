import Foundation
import Testing

@testable import InferenceServer

/// The examples of the article "Serving", as they stand there.
@Suite("The article")
struct ArticleTests {
  static let article = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../../../LuthierLibrary/Documentation.docc/Serving.md").standardized

  /// The blocks of code with their languages, in order.
  static func blocks() throws -> [(language: String, code: String)] {
    let parts = try String(contentsOf: article, encoding: .utf8).components(separatedBy: "```")
    return parts.enumerated().compactMap { index, part in
      guard index % 2 == 1, let end = part.firstIndex(of: "\n") else { return nil }
      return (String(part[..<end]), String(part[end...].dropFirst()))
    }
  }

  private func withArticleServer(_ body: (TestServer) async throws -> Void) async throws {
    try await withServer(
      [
        "colours/model.onnx": "colours", "pair.onnx": "pair", "scale/1/model.onnx": "times2",
        "scale/2/model.onnx": "times3",
      ],
      texts: ["colours/labels.txt": "red\ngreen\nblue\n"], body)
  }

  @Test("Every curl of the article has the answer that the article shows")
  func curl() async throws {
    let blocks = try Self.blocks()
    var compared = 0
    try await withArticleServer { server in
      let photo = try PictureTests.png(.init(red: 255, green: 0, blue: 0))
      try Data(photo).write(to: URL(fileURLWithPath: "\(server.folder)/photo.png"))
      for (index, block) in blocks.enumerated() where block.language == "sh" && block.code.hasPrefix("curl") {
        let command = block.code.replacingOccurrences(of: ":8000", with: ":\(server.ports.http)")
        let found = try await output(of: "/bin/bash", ["-c", "cd '\(server.folder)' && \(command)"])
        let answer = try #require(
          JSONSerialization.jsonObject(with: Data(found.text.utf8)) as? NSDictionary, "\(command)\n\(found)")
        #expect(answer["error"] == nil, "\(command)\n\(found.text)")
        if index + 1 < blocks.count, blocks[index + 1].language == "json" {
          let shown = try JSONSerialization.jsonObject(with: Data(blocks[index + 1].code.utf8)) as? NSDictionary
          #expect(answer == shown, "\(command)\n\(found.text)")
          compared += 1
        } else {
          #expect((answer["classes"] as? [[String: Any]])?.first?["label"] as? String == "red")
        }
      }
    }
    #expect(compared == 4)
  }

  @Test(
    "The article's Python runs",
    .enabled(if: ClientTests.python != nil, "LUTHIER_SERVE_CLIENTS names a Python with tritonclient"))
  func python() async throws {
    let code = try #require(try Self.blocks().first { $0.language == "python" }?.code)
    try await withArticleServer { server in
      let found = try await output(
        of: try #require(ClientTests.python),
        ["-c", code.replacingOccurrences(of: ":8000", with: ":\(server.ports.http)")])
      #expect(found.text == "[[2. 3. 4.]]\n", "\(found)")
    }
  }

  @Test("The article's configuration is one, and its options and series are those of the server")
  func words() async throws {
    let text = try String(contentsOf: Self.article, encoding: .utf8)
    let json = try #require(try Self.blocks().first { $0.code.contains("max_batch_size") }?.code)
    let configuration = try ModelConfiguration(json: Data(json.utf8), path: "article", defaults: QueueSettings())
    #expect(configuration.queue.joinedRows == 8)
    let help = try await output(of: ServeProcess.program, ["--help"]).text
    for match in text.matches(of: /`(--[a-z-]+)/) { #expect(help.contains(match.1), "\(match.1)") }
    try await withArticleServer { server in
      _ = try await server.post("/v2/models/scale/infer", json: FaultTests.good)
      let series = try await server.get("/metrics").text
      for match in text.matches(of: /`((?:luthier|process)_[a-z_]+)`/) {
        #expect(series.contains(match.1), "\(match.1)")
      }
    }
  }
}
