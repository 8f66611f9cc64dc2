import Foundation
import Testing

@testable import InferenceServer

/// Programs that others wrote, as they are.
@Suite("Unchanged clients")
struct ClientTests {
  /// A Python with tritonclient.
  static let python = ProcessInfo.processInfo.environment["LUTHIER_SERVE_CLIENTS"]
  /// Whether that Python has KServe's SDK, too, which needs a hundred others.
  static let hasKServe: Bool = {
    guard let python else { return false }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: python)
    process.arguments = ["-c", "import kserve"]
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
  }()
  static var scripts: URL {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Clients")
  }

  @Test(
    "tritonclient", .enabled(if: python != nil, "LUTHIER_SERVE_CLIENTS names a Python with tritonclient"),
    arguments: ["http", "grpc"])
  func tritonclient(_ kind: String) async throws {
    let models = [
      "pair.onnx": "pair", "scale/1/model.onnx": "times2", "scale/2/model.onnx": "times3", "half.onnx": "type_FP16",
      "whole.onnx": "type_INT64", "truth.onnx": "type_BOOL", "small.onnx": "type_INT4",
    ]
    try await withServer(models) { server in
      let port = kind == "http" ? server.ports.http : server.ports.grpc ?? 0
      let found = try await output(
        of: try #require(Self.python),
        [Self.scripts.appendingPathComponent("triton.py").path, kind, "127.0.0.1:\(port)"])
      #expect(found.status == 0, "\(found.text)\n\(found.errors)")
    }
  }

  @Test(
    "KServe's SDK", .enabled(if: hasKServe, "LUTHIER_SERVE_CLIENTS names a Python with kserve"),
    arguments: ["http", "grpc"])
  func kserve(_ kind: String) async throws {
    try await withServer(["pair.onnx": "pair", "half.onnx": "type_FP16"]) { server in
      let port = kind == "http" ? server.ports.http : server.ports.grpc ?? 0
      let found = try await output(
        of: try #require(Self.python),
        [Self.scripts.appendingPathComponent("kserve_client.py").path, kind, "127.0.0.1:\(port)"])
      #expect(found.status == 0, "\(found.text)\n\(found.errors)")
    }
  }

  @Test("curl, with a large body of its own making")
  func curl() async throws {
    try await withServer(["scale.onnx": "times2"]) { server in
      let rows = 100_000
      let numbers = [Float](repeating: 1.5, count: rows * 4)
      let place = "\(server.folder)/.body"
      let head =
        #"{"inputs":[{"name":"x","datatype":"FP32","shape":[\#(rows),4],"parameters":{"binary_data_size":\#(rows * 16)}}],"outputs":[{"name":"y","parameters":{"binary_data":true}}]}"#
      try (Data(head.utf8) + Data(bytes(numbers))).write(to: URL(fileURLWithPath: place))
      let found = try await output(
        of: "/usr/bin/curl",
        [
          "-sS", "--data-binary", "@\(place)", "-H", "Inference-Header-Content-Length: \(head.utf8.count)", "-H",
          "Expect: 100-continue",
          "-o", "\(place).answer", "-w", "%{http_code}", "http://127.0.0.1:\(server.ports.http)/v2/models/scale/infer",
        ])
      #expect(found.text == "200", "\(found)")
      #expect(try Data(contentsOf: URL(fileURLWithPath: "\(place).answer")).suffix(4) == Data(bytes([Float(3)])))
    }
  }
}
