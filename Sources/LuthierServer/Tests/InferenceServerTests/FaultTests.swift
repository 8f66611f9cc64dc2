import Foundation
import Testing

@testable import InferenceServer

@Suite("Requests that are wrong")
struct FaultTests {
  static let tensor = #"{"name": "x", "datatype": "FP32", "shape": [1, 4], "data": [1, 2, 3, 4]}"#
  static let good = #"{"inputs": [\#(tensor)]}"#

  /// Whether the server still computes.
  private func serves(_ server: TestServer) async throws -> Bool {
    try await server.post("/v2/models/scale/infer", json: Self.good).data("y") == [2, 4, 6, 8]
  }

  static let bodies: [(json: String, status: Int)] = [
    ("", 400), ("{", 400), ("[]", 400), ("null", 400), ("{}", 400), (#"{"inputs": {}}"#, 400),
    (#"{"inputs": []}"#, 400),
    (#"{"inputs": [{}]}"#, 400), (#"{"inputs": [\#(tensor), \#(tensor)]}"#, 400),
    (#"{"inputs": [{"name": "z", "datatype": "FP32", "shape": [1, 4], "data": [1, 2, 3, 4]}]}"#, 400),
    (#"{"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 5], "data": [1, 2, 3, 4, 5]}]}"#, 400),
    (#"{"inputs": [{"name": "x", "datatype": "FP32", "shape": [4], "data": [1, 2, 3, 4]}]}"#, 400),
    (#"{"inputs": [{"name": "x", "datatype": "FP32", "shape": [-1, 4], "data": [1, 2, 3, 4]}]}"#, 400),
    (#"{"inputs": [{"name": "x", "datatype": "FP32", "shape": [1.5, 4], "data": [1, 2, 3, 4]}]}"#, 400),
    (#"{"inputs": [{"name": "x", "datatype": "FP32", "shape": [9223372036854775807, 4], "data": [1, 2, 3, 4]}]}"#, 400),
    (#"{"inputs": [{"name": "x", "datatype": "FP32", "shape": [99999999999999999999, 4], "data": []}]}"#, 400),
    (#"{"inputs": [{"name": "x", "datatype": "FP32", "shape": [1000000, 4], "data": []}]}"#, 413),
    (#"{"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 4]}]}"#, 400),
    (#"{"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 4], "parameters": {"binary_data_size": 16}}]}"#, 400),
    (#"{"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 4], "parameters": {"binary_data_size": -1}}]}"#, 400),
    (
      #"{"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 4], "parameters": {"binary_data_size": "16"}}]}"#,
      400
    ),
    (
      #"{"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 4], "parameters": {"binary_data_size": 0}, "data": [1, 2, 3, 4]}]}"#,
      400
    ),
    (#"{"inputs": [\#(tensor)], "parameters": {"timeout": "soon"}}"#, 400),
    (#"{"inputs": [\#(tensor)], "outputs": [{"name": "y", "parameters": {"classification": 2}}]}"#, 400),
    (
      #"{"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 4], "data": \#(String(repeating: "[", count: 100_000))"#,
      400
    ),
    (
      #"{"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 4], "data": \#(String(repeating: "[", count: 100))1\#(String(repeating: "]", count: 100))}]}"#,
      400
    ),
    (#"{"inputs": [{"name": "\u0000\u001b[31m", "datatype": "FP32", "shape": [1, 4], "data": [1, 2, 3, 4]}]}"#, 400),
  ]

  @Test("A body that is not as it should be is answered with its fault on one line, and the server goes on")
  func wrongBodies() async throws {
    try await withServer(["scale.onnx": "times2"], options: { $0.limits.tensorElements = 1000 }) { server in
      for (json, status) in Self.bodies {
        let answer = try await server.post("/v2/models/scale/infer", json: json)
        #expect(answer.status == status, "\(json.prefix(200)): \(answer.text)")
        let error = try #require(answer.error, "\(json.prefix(200))")
        #expect(!error.contains("\n") && !error.contains("\u{1B}") && !error.isEmpty)
      }
      #expect(try await serves(server))
    }
  }

  @Test(
    "A length of the JSON that is not within the body is refused",
    arguments: ["-1", "1000000", "x", "", "9223372036854775808", "12abc", "3"])
  func wrongHeaderLengths(_ length: String) async throws {
    try await withServer(["scale.onnx": "times2"]) { server in
      let answer = try await server.post(
        "/v2/models/scale/infer", headers: ["Inference-Header-Content-Length": length], body: Array(Self.good.utf8))
      #expect(answer.status == 400)
      #expect(answer.error != nil)
    }
  }

  @Test(
    "What is nowhere is 404, as JSON of the protocol",
    arguments: ["/v3", "/v2/models", "/v2/models/x/y/z", "/v2/models/..%2F..%2Fetc/ready", "/v2/models/%FF/ready"])
  func nowhere(_ path: String) async throws {
    try await withServer(["scale.onnx": "times2"]) { server in
      let answer = try await server.get(path)
      #expect(answer.status == (path.contains("%FF") ? 400 : 404))
      #expect(answer.error != nil, "\(answer.text)")
    }
  }

  @Test("A body above the limit is 413 before it is read, announced or in chunks; a compressed one is 415")
  func limits() async throws {
    try await withServer(
      ["scale.onnx": "times2"],
      options: {
        $0.limits.bodyBytes = 10_000
        $0.limits.jsonBytes = 5_000
      }
    ) { server in
      let port = server.ports.http
      let announced = try await blocking {
        let connection = try RawConnection(port: port)
        try connection.send("POST /v2/models/scale/infer HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000000\r\n\r\n")
        return try connection.answers(1)
      }
      #expect(announced.first?.status == 413)
      let chunked = try await blocking {
        let connection = try RawConnection(port: port)
        try connection.send("POST /v2/models/scale/infer HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in 0..<11 { try connection.send("400\r\n\(String(repeating: " ", count: 1024))\r\n") }
        return try connection.answers(1)
      }
      #expect(chunked.first?.status == 413)
      let json = try await server.post("/v2/models/scale/infer", json: Self.good + String(repeating: " ", count: 6_000))
      #expect(json.status == 413)
      #expect(json.error?.contains("--max-json") == true)
      let compressed = try await server.post("/v2/models/scale/infer", json: "x", headers: ["Content-Encoding": "gzip"])
      #expect(compressed.status == 415)
      #expect(try await serves(server))
    }
  }

  @Test("Bodies that would be too much together are 503, to be sent again")
  func heldBytes() async throws {
    try await withServer(["scale.onnx": "times2"], options: { $0.limits.heldBytes = 1_000 }) { server in
      let port = server.ports.http
      let half = try await blocking {
        let connection = try RawConnection(port: port)
        try connection.send("POST /v2/models/scale/infer HTTP/1.1\r\nHost: x\r\nContent-Length: 950\r\n\r\n{")
        return connection
      }
      try await eventually("the half body is counted") {
        try await server.get("/metrics").text.contains("luthier_held_body_bytes 950")
      }
      let answer = try await server.post("/v2/models/scale/infer", json: Self.good)
      #expect(answer.status == 503)
      #expect(answer.headers["retry-after"] == "1")
      withExtendedLifetime(half) {}
    }
    // The one that did not come to its end is no longer counted.
    try await withServer(["scale.onnx": "times2"], options: { $0.limits.heldBytes = 1_000 }) { server in
      let port = server.ports.http
      _ = try await blocking {
        let connection = try RawConnection(port: port)
        try connection.send("POST /v2/models/scale/infer HTTP/1.1\r\nHost: x\r\nContent-Length: 950\r\n\r\n{")
        return 0
      }
      try await eventually("the server serves") { try await serves(server) }
    }
  }

  @Test("Garbage, half requests, clients that stop or go: the server goes on")
  func garbage() async throws {
    try await withServer(["scale.onnx": "times2"], options: { $0.limits.headerBytes = 4_000 }) { server in
      let port = server.ports.http
      let starts = [
        "\u{0}\u{1}\u{2}garbage\r\n\r\n", "GET", "GET / HTTP/1.1\r\n", "GET / HTTP/9.9\r\n\r\n", "\r\n\r\n\r\n",
        "POST /v2/models/scale/infer HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{\"inputs\"",
        "POST /v2/models/scale/infer HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        "POST /v2/models/scale/infer HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzzz\r\n",
        "POST /v2/models/scale/infer HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\n" + String(repeating: "X-Y: z\r\n", count: 2_000) + "\r\n",
        "GET /\(String(repeating: "a", count: 100_000)) HTTP/1.1\r\nHost: x\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
      ]
      for start in starts {
        let rest = try await blocking {
          let connection = try RawConnection(port: port)
          do { try connection.send(start) } catch {}
          connection.endSending()
          return try connection.rest()
        }
        let text = String(decoding: rest, as: UTF8.self)
        #expect(text.isEmpty || text.hasPrefix("HTTP/1.1 4"), "\(start.prefix(60)): \(text.prefix(100))")
      }
      var random = SystemRandomNumberGenerator()
      for _ in 0..<50 {
        let noise = (0..<Int.random(in: 1...3000)).map { _ in UInt8.random(in: .min ... .max, using: &random) }
        _ = try await blocking {
          let connection = try RawConnection(port: port)
          do { try connection.send(noise) } catch {}
          return 0
        }
      }
      #expect(try await serves(server))
    }
  }

  @Test("Slow and silent clients are let go of, and others are served meanwhile")
  func slowClients() async throws {
    try await withServer(
      ["scale.onnx": "times2"],
      options: {
        $0.limits.bodySeconds = 1
        $0.limits.idleSeconds = 1
      }
    ) { server in
      let port = server.ports.http
      let starts = [
        "", "GET /v2 HT", "POST /v2/models/scale/infer HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{",
        "GET /v2/health/live HTTP/1.1\r\nHost: x\r\n\r\n",
      ]
      let begin = ContinuousClock.now
      let ends = try await withThrowingTaskGroup(of: Int.self) { group in
        for start in starts {
          group.addTask {
            try await blocking {
              let connection = try RawConnection(port: port)
              try connection.send(start)
              return try connection.rest().count
            }
          }
        }
        #expect(try await serves(server))
        return try await group.reduce(into: 0) { count, _ in count += 1 }
      }
      #expect(ends == starts.count)
      #expect(ContinuousClock.now - begin < .seconds(15))
      #expect(try await serves(server))
    }
  }

  @Test("A body that comes in single bytes forever is let go of")
  func drip() async throws {
    try await withServer(["scale.onnx": "times2"], options: { $0.limits.bodySeconds = 1 }) { server in
      let port = server.ports.http
      let isCut = try await blocking {
        let connection = try RawConnection(port: port)
        try connection.send("POST /v2/models/scale/infer HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n")
        for _ in 0..<200 {
          do { try connection.send(" ") } catch { return true }
          Thread.sleep(forTimeInterval: 0.05)
        }
        return false
      }
      #expect(isCut)
      #expect(try await serves(server))
    }
  }

  @Test("A client that does not take its answer is let go of")
  func unreadAnswer() async throws {
    try await withServer(["scale.onnx": "times2"], options: { $0.limits.bodySeconds = 8 }) { server in
      let port = server.ports.http
      // More than the sockets of both sides hold.
      let rows = 1 << 19
      let head =
        #"{"inputs": [{"name": "x", "datatype": "FP32", "shape": [\#(rows), 4], "parameters": {"binary_data_size": \#(rows * 16)}}], "parameters": {"binary_data_output": true}}"#
      let count = try await blocking {
        let connection = try RawConnection(port: port)
        try connection.send(
          "POST /v2/models/scale/infer HTTP/1.1\r\nHost: x\r\nInference-Header-Content-Length: \(head.utf8.count)\r\nContent-Length: \(head.utf8.count + rows * 16)\r\n\r\n\(head)"
        )
        try connection.send([UInt8](repeating: 0, count: rows * 16))
        Thread.sleep(forTimeInterval: 20)
        return try connection.rest().count
      }
      #expect(count < rows * 16)
      #expect(try await serves(server))
    }
  }

  @Test("Connections beyond the limit wait for one that ends")
  func connections() async throws {
    try await withServer(["scale.onnx": "times2"], options: { $0.limits.connections = 2 }) { server in
      let port = server.ports.http
      var idle: [RawConnection] = []
      for _ in 0..<2 {
        idle.append(
          try await blocking {
            let connection = try RawConnection(port: port)
            try connection.send("GET /v2/health/live HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(try connection.answers(1).first?.status == 200)
            return connection
          })
      }
      async let third = server.get("/v2/health/live")
      try await Task.sleep(for: .milliseconds(200))
      idle = []
      #expect(try await third.status == 200)
    }
  }

  @Test("One connection serves many requests, sent before their answers were read")
  func pipelining() async throws {
    try await withServer(["scale.onnx": "times2"]) { server in
      let port = server.ports.http
      let answers = try await blocking {
        let connection = try RawConnection(port: port)
        let request =
          "POST /v2/models/scale/infer HTTP/1.1\r\nHost: x\r\nContent-Length: \(Self.good.utf8.count)\r\n\r\n\(Self.good)"
        try connection.send(String(repeating: request, count: 20))
        return try connection.answers(20)
      }
      #expect(answers.count == 20)
      #expect(answers.allSatisfy { $0.data("y") == [2, 4, 6, 8] })
    }
  }

  @Test("A client that asks before it sends a large body is told to go on")
  func expectation() async throws {
    try await withServer(["scale.onnx": "times2"]) { server in
      let port = server.ports.http
      let answers = try await blocking {
        let connection = try RawConnection(port: port)
        try connection.send(
          "POST /v2/models/scale/infer HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: \(Self.good.utf8.count)\r\n\r\n"
        )
        var bytes: [UInt8] = []
        while bytes.count < 12 {
          // Byte by byte the head of the interim answer.
          bytes += try connection.some(1)
        }
        #expect(String(decoding: bytes, as: UTF8.self) == "HTTP/1.1 100")
        try connection.send(Self.good)
        return try connection.rest(until: "]}]}")
      }
      #expect(answers.contains("200 OK"))
    }
  }
}
