import Foundation
import Testing

@testable import InferenceServer

@Suite("The protocol over HTTP")
struct ProtocolTests {
  @Test("Health, metadata and readiness are as the protocol has them")
  func metadata() async throws {
    try await withServer(["pair.onnx": "pair", "scale/1/model.onnx": "times2", "scale/3/model.onnx": "times3"]) {
      server in
      #expect(try await server.get("/v2/health/live")["live"] as? Bool == true)
      let ready = try await server.get("/v2/health/ready")
      #expect(ready.status == 200 && ready["ready"] as? Bool == true)
      let identity = try await server.get("/v2")
      #expect(identity["name"] as? String == "luthier-serve")
      #expect((identity["extensions"] as? [String])?.contains("binary_tensor_data") == true)

      let pair = try await server.get("/v2/models/pair")
      #expect(pair.status == 200)
      #expect(pair["versions"] as? [String] == ["1"])
      let inputs = try #require(pair["inputs"] as? [[String: Any]])
      #expect(inputs.map { $0["name"] as? String } == ["A", "B"])
      #expect(inputs[0]["datatype"] as? String == "FP32")
      #expect(inputs[0]["shape"] as? [Int] == [-1, 3])
      #expect((pair["outputs"] as? [[String: Any]])?.map { $0["name"] as? String } == ["sum", "difference"])

      #expect(try await server.get("/v2/models/scale")["versions"] as? [String] == ["1", "3"])
      #expect(try await server.get("/v2/models/scale/versions/3/ready").status == 200)
      #expect(try await server.get("/v2/models/scale/versions/2/ready").status == 404)
      #expect(try await server.get("/v2/models/scale/versions/01").status == 404)
      #expect(try await server.get("/v2/models/nobody").error == "there is no model 'nobody'")
    }
  }

  @Test("Several inputs and outputs, as lists and as lists of lists, with the request's identity")
  func jsonTensors() async throws {
    try await withServer(["pair.onnx": "pair"]) { server in
      let answer = try await server.post(
        "/v2/models/pair/infer",
        json: """
          {"id": "seven", "inputs": [
            {"name": "B", "datatype": "FP32", "shape": [2, 3], "data": [1, 1, 1, 2, 2, 2.5]},
            {"name": "A", "datatype": "FP32", "shape": [2, 3], "data": [[1, 2, 3], [4, 5, 6]]}]}
          """)
      #expect(answer.status == 200, "\(answer.text)")
      #expect(answer["id"] as? String == "seven")
      #expect(answer["model_name"] as? String == "pair")
      #expect(answer.data("sum") == [2, 3, 4, 6, 7, 8.5])
      #expect(answer.data("difference") == [0, 1, 2, 2, 3, 3.5])
      #expect(answer.shape("sum") == [2, 3])
    }
  }

  @Test("Outputs are those that were asked for, in that order")
  func outputSelection() async throws {
    try await withServer(["pair.onnx": "pair"]) { server in
      func ask(_ outputs: String) async throws -> Answer {
        try await server.post(
          "/v2/models/pair/infer",
          json: """
            {"inputs": [{"name": "A", "datatype": "FP32", "shape": [1, 3], "data": [1, 2, 3]},
            {"name": "B", "datatype": "FP32", "shape": [1, 3], "data": [1, 1, 1]}], "outputs": [\(outputs)]}
            """)
      }
      let answer = try await ask(#"{"name": "difference"}"#)
      #expect(answer.data("difference") == [0, 1, 2])
      #expect(answer.data("sum") == nil)
      #expect(
        try await ask(#"{"name": "other"}"#).error == "the model has no output 'other'; it has 'sum', 'difference'")
      #expect(try await ask(#"{"name": "sum"}, {"name": "sum"}"#).status == 400)
    }
  }

  @Test("Binary tensors come and go after the JSON, each output as it was asked for")
  func binaryTensors() async throws {
    try await withServer(["pair.onnx": "pair"]) { server in
      let head = Array(
        """
        {"inputs": [{"name": "A", "datatype": "FP32", "shape": [1, 3], "parameters": {"binary_data_size": 12}},
        {"name": "B", "datatype": "FP32", "shape": [1, 3], "data": [1, 1, 1]}],
        "parameters": {"binary_data_output": true},
        "outputs": [{"name": "sum"}, {"name": "difference", "parameters": {"binary_data": false}}]}
        """.utf8)
      let answer = try await server.post(
        "/v2/models/pair/infer", headers: ["Inference-Header-Content-Length": "\(head.count)"],
        body: head + bytes([1, 2, 3] as [Float]))
      #expect(answer.status == 200, "\(answer.text)")
      let length = try #require(answer.headers["inference-header-content-length"].flatMap { Int($0) })
      #expect(answer.headers["content-type"] == "application/octet-stream")
      #expect(Array(answer.body[length...]) == bytes([2, 3, 4] as [Float]))
      var json = answer
      json.body = Array(answer.body[..<length])
      #expect(json.data("difference") == [0, 1, 2])
      let sum = (json["outputs"] as? [[String: Any]])?.first
      #expect((sum?["parameters"] as? [String: Any])?["binary_data_size"] as? Int == 12)
    }
  }

  @Test("A body without JSON is the model's one input")
  func rawInput() async throws {
    try await withServer(["scale.onnx": "times2", "pair.onnx": "pair"]) { server in
      let answer = try await server.post(
        "/v2/models/scale/infer", headers: ["Inference-Header-Content-Length": "0"],
        body: bytes([1, 2, 3, 4, 5, 6, 7, 8] as [Float]))
      #expect(answer.status == 200)
      #expect(Array(answer.body.suffix(32)) == bytes([2, 4, 6, 8, 10, 12, 14, 16] as [Float]))
      for body in [bytes([1, 2, 3] as [Float]), [1], []] {
        let wrong = try await server.post(
          "/v2/models/scale/infer", headers: ["Inference-Header-Content-Length": "0"], body: body)
        #expect(body.isEmpty || wrong.status == 400)
      }
      let many = try await server.post(
        "/v2/models/pair/infer", headers: ["Inference-Header-Content-Length": "0"], body: [0, 0, 0, 0])
      #expect(many.error == "a body without JSON is for models of one input; this one has 2")
    }
  }

  struct TypeCase: Sendable, CustomTestStringConvertible {
    let name: String
    let wire: String
    let json: String
    let values: [Double]
    let raw: [UInt8]
    var testDescription: String { name }
  }

  static let typeCases = [
    TypeCase(name: "BOOL", wire: "BOOL", json: "[true, false]", values: [1, 0], raw: [1, 0]),
    TypeCase(name: "UINT8", wire: "UINT8", json: "[0, 255]", values: [0, 255], raw: [0, 255]),
    TypeCase(
      name: "UINT16", wire: "UINT16", json: "[1, 65535]", values: [1, 65535], raw: bytes([1, 65535] as [UInt16])),
    TypeCase(
      name: "UINT32", wire: "UINT32", json: "[1, 4294967295]", values: [1, 4_294_967_295],
      raw: bytes([1, .max] as [UInt32])),
    TypeCase(
      name: "UINT64", wire: "UINT64", json: "[1, 18446744073709551615]", values: [1, 18_446_744_073_709_551_616],
      raw: bytes([1, .max] as [UInt64])),
    TypeCase(name: "INT8", wire: "INT8", json: "[-128, 127]", values: [-128, 127], raw: [128, 127]),
    TypeCase(
      name: "INT16", wire: "INT16", json: "[-32768, 5]", values: [-32768, 5], raw: bytes([.min, 5] as [Int16])),
    TypeCase(name: "INT32", wire: "INT32", json: "[-7, 5]", values: [-7, 5], raw: bytes([-7, 5] as [Int32])),
    TypeCase(
      name: "INT64", wire: "INT64", json: "[-9223372036854775808, 5]", values: [-9_223_372_036_854_775_808, 5],
      raw: bytes([.min, 5] as [Int64])),
    TypeCase(name: "FP16", wire: "FP16", json: "[0.5, -2]", values: [0.5, -2], raw: bytes([0.5, -2] as [Float16])),
    TypeCase(name: "FP32", wire: "FP32", json: "[0.1, -2]", values: [0.1, -2], raw: bytes([0.1, -2] as [Float])),
    TypeCase(name: "FP64", wire: "FP64", json: "[0.1, -2]", values: [0.1, -2], raw: bytes([0.1, -2] as [Double])),
    TypeCase(name: "BF16", wire: "BF16", json: "[0.5, -2]", values: [0.5, -2], raw: [0, 0x3F, 0, 0xC0]),
    TypeCase(name: "INT4", wire: "INT8", json: "[-8, 7]", values: [-8, 7], raw: [0xF8, 7]),
    TypeCase(name: "UINT4", wire: "UINT8", json: "[0, 15]", values: [0, 15], raw: [0, 15]),
  ]

  @Test("Elements of every type arrive, as numbers and as bytes", arguments: typeCases)
  func types(_ type: TypeCase) async throws {
    try await withServer(["t.onnx": "type_\(type.name)"]) { server in
      let metadata = try await server.get("/v2/models/t")
      #expect((metadata["inputs"] as? [[String: Any]])?.first?["datatype"] as? String == type.wire)
      let listed = try await server.post(
        "/v2/models/t/infer",
        json: #"{"inputs": [{"name": "x", "datatype": "\#(type.wire)", "shape": [2], "data": \#(type.json)}]}"#)
      #expect(listed.status == 200, "\(listed.text)")
      #expect(listed.data("y") == type.values)
      let head = Array(
        """
        {"inputs": [{"name": "x", "datatype": "\(type.wire)", "shape": [2], "parameters": {"binary_data_size": \(type.raw.count)}}],
        "outputs": [{"name": "y", "parameters": {"binary_data": true}}]}
        """.utf8)
      let raw = try await server.post(
        "/v2/models/t/infer", headers: ["Inference-Header-Content-Length": "\(head.count)"], body: head + type.raw)
      #expect(raw.status == 200, "\(raw.text)")
      #expect(Array(raw.body.suffix(type.raw.count)) == type.raw)
    }
  }

  @Test(
    "An element that its type cannot be is refused",
    arguments: [
      ("UINT8", "UINT8", "[0, 256]"), ("INT8", "INT8", "[0, -129]"), ("INT4", "INT8", "[0, 8]"),
      ("UINT4", "UINT8", "[16, 0]"),
      ("UINT64", "UINT64", "[1, -1]"), ("INT32", "INT32", "[1.5, 1]"), ("BOOL", "BOOL", "[2, true]"),
      ("FP32", "FP32", #"["1", 2]"#), ("FP32", "FP32", "[NaN, 2]"), ("FP32", "FP32", "[1e400, 2]"),
      ("FP32", "FP32", "[[1], 2]"),
      ("FP32", "FP32", "[1]"), ("FP32", "FP32", "7"), ("FP32", "FP64", "[1, 2]"), ("FP32", "BYTES", #"["a", "b"]"#),
    ])
  func wrongElements(_ model: String, _ wire: String, _ data: String) async throws {
    try await withServer(["t.onnx": "type_\(model)"]) { server in
      let answer = try await server.post(
        "/v2/models/t/infer",
        json: #"{"inputs": [{"name": "x", "datatype": "\#(wire)", "shape": [2], "data": \#(data)}]}"#)
      #expect(answer.status == 400)
      #expect(answer.error?.isEmpty == false)
    }
  }

  @Test("What is not finite has no form in JSON, and is there as bytes")
  func notFinite() async throws {
    try await withServer(["t.onnx": "type_FP32"]) { (server) async throws in
      func ask(binary: Bool) async throws -> Answer {
        let head = Array(
          """
          {"inputs": [{"name": "x", "datatype": "FP32", "shape": [2], "parameters": {"binary_data_size": 8}}],
          "parameters": {"binary_data_output": \(binary)}}
          """.utf8)
        return try await server.post(
          "/v2/models/t/infer", headers: ["Inference-Header-Content-Length": "\(head.count)"],
          body: head + bytes([Float.infinity, 1]))
      }
      #expect(try await ask(binary: false).status == 400)
      #expect(Array(try await ask(binary: true).body.suffix(8)) == bytes([Float.infinity, 1]))
    }
  }
}
