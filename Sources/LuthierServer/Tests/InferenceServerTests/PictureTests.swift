import Foundation
import Luthier
import Testing

@testable import InferenceServer

@Suite("Pictures")
struct PictureTests {
  static func png(_ color: PictureColor, width: Int = 32, height: Int = 16) throws -> [UInt8] {
    try Picture(width: width, height: height, color: color).encodedPNG()
  }

  @Test("A photo is classified, by the names of the model's labels")
  func classify() async throws {
    try await withServer(["colours/model.onnx": "colours"], texts: ["colours/labels.txt": "red\ngreen\nblue\n"]) {
      server in
      let picture = try Self.png(PictureColor(red: 0, green: 0, blue: 255))
      let answer = try await server.post(
        "/v2/models/colours/classify?top=2", headers: ["Content-Type": "image/png"], body: picture)
      #expect(answer.status == 200, "\(answer.text)")
      #expect(answer["width"] as? Int == 32 && answer["height"] as? Int == 16)
      let classes = try #require(answer["classes"] as? [[String: Any]])
      #expect(classes.count == 2)
      #expect(classes[0]["label"] as? String == "blue")
      #expect(classes[0]["class_index"] as? Int == 2)
      #expect(answer["milliseconds"] as? Double != nil)
      #expect(answer["kernels"] as? [[String: Any]] != nil)
    }
  }

  @Test("A detector's boxes are in the picture's own pixels")
  func detect() async throws {
    try await withServer(["detector.onnx": "detector"]) { server in
      let picture = try Self.png(PictureColor(red: 9, green: 9, blue: 9), width: 200, height: 100)
      let answer = try await server.post("/v2/models/detector/detect", body: picture)
      let boxes = try #require(answer["boxes"] as? [[String: Any]], "\(answer.text)")
      #expect(boxes.count == 1)
      #expect(boxes[0]["class_index"] as? Int == 1)
      let box = try #require(boxes[0]["box"] as? [Double])
      for (found, right) in zip(box, [0, 0, 100, 50]) { #expect((found - Double(right)).magnitude < 0.01) }
      let none = try await server.post("/v2/models/detector/detect?threshold=0.95", body: picture)
      #expect((none["boxes"] as? [Any])?.isEmpty == true)
    }
  }

  @Test("What is no picture, and a model that takes none, are the client's to mend")
  func faults() async throws {
    try await withServer(["colours.onnx": "colours", "pair.onnx": "pair"]) { server in
      let picture = try Self.png(PictureColor(red: 0, green: 0, blue: 255))
      for body in [[], Array("no picture".utf8), Array(picture.prefix(picture.count / 2))] {
        let answer = try await server.post("/v2/models/colours/classify", body: body)
        #expect(answer.status == 400)
        #expect(answer.error?.isEmpty == false)
      }
      #expect(try await server.post("/v2/models/pair/classify", body: picture).status == 400)
      #expect(try await server.post("/v2/models/colours/detect", body: picture).status == 400)
      for query in ["top=0", "top=x", "top=nan", "top=1e99"] {
        #expect(try await server.post("/v2/models/colours/classify?\(query)", body: picture).status == 400, "\(query)")
      }
      #expect(try await server.post("/v2/models/colours/detect?threshold=2", body: picture).status == 400)
    }
  }

  static let chromium = "/usr/bin/chromium"

  @Test(
    "The page lists the models that serve, in a browser",
    .enabled(if: FileManager.default.isExecutableFile(atPath: chromium), "Chromium is installed"))
  func browser() async throws {
    try await withServer(["colours.onnx": "colours", "<b>&.onnx": "pair", "bad.onnx": "pair"]) { server in
      _ = try await server.post("/v2/repository/models/bad/unload")
      let found = try await output(
        of: Self.chromium,
        [
          "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=10000", "--dump-dom",
          "--user-data-dir=\(server.folder)/.browser", "http://127.0.0.1:\(server.ports.http)/",
        ])
      #expect(found.text.contains("<option>&lt;b&gt;&amp;</option><option>colours</option></select>"), "\(found)")
    }
  }

  @Test("The page names nothing of another place")
  func page() async throws {
    try await withServer([:]) { server in
      let answer = try await server.get("/")
      #expect(answer.headers["content-type"] == "text/html; charset=utf-8")
      #expect(answer.headers["content-security-policy"]?.contains("default-src 'none'") == true)
      #expect(!answer.text.contains("http://") && !answer.text.contains("https://"))
    }
  }
}
