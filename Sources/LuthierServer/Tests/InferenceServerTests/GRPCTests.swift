import Foundation
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import InferenceProtocol
import Testing

@testable import InferenceServer

@Suite("The protocol over gRPC")
struct GRPCTests {
  typealias Client = Inference_GRPCInferenceService.Client<HTTP2ClientTransport.Posix>

  private func withClient(_ server: TestServer, _ body: (Client) async throws -> Void) async throws {
    let port = try #require(server.ports.grpc)
    try await withGRPCClient(
      transport: .http2NIOPosix(target: .ipv4(address: "127.0.0.1", port: port), transportSecurity: .plaintext)
    ) { client in
      try await body(Client(wrapping: client))
    }
  }

  private func code(_ call: () async throws -> Void) async -> RPCError.Code? {
    do {
      try await call()
      return nil
    } catch { return (error as? RPCError)?.code ?? .unknown }
  }

  private static func floats(_ name: String, _ shape: [Int64], _ values: [Float])
    -> Inference_ModelInferRequest.InferInputTensor
  {
    .with {
      $0.name = name
      $0.datatype = "FP32"
      $0.shape = shape
      $0.contents.fp32Contents = values
    }
  }

  @Test("Health, metadata and the repository are the same as over HTTP")
  func metadata() async throws {
    try await withServer(["pair.onnx": "pair", "scale/1/model.onnx": "times2"]) { server in
      try await withClient(server) { client in
        #expect(try await client.serverLive(.init()).live)
        #expect(try await client.serverReady(.init()).ready)
        #expect(try await client.modelReady(.with { $0.name = "pair" }).ready)
        #expect(try await !client.modelReady(.with { $0.name = "nobody" }).ready)
        #expect(await code { _ = try await client.modelMetadata(.with { $0.name = "nobody" }) } == .notFound)
        #expect(try await client.serverMetadata(.init()).name == "luthier-serve")
        let pair = try await client.modelMetadata(.with { $0.name = "pair" })
        #expect(pair.inputs.map(\.name) == ["A", "B"])
        #expect(pair.inputs[0].shape == [-1, 3])
        #expect(pair.outputs[0].datatype == "FP32")
        #expect(try await client.repositoryIndex(.init()).models.map(\.name) == ["pair", "scale"])
        _ = try await client.repositoryModelUnload(.with { $0.modelName = "scale" })
        #expect(try await !client.modelReady(.with { $0.name = "scale" }).ready)
        #expect(try await client.repositoryIndex(.with { $0.ready = true }).models.map(\.name) == ["pair"])
        _ = try await client.repositoryModelLoad(.with { $0.modelName = "scale" })
        #expect(try await client.modelReady(.with { $0.name = "scale" }).ready)
      }
    }
  }

  @Test("Typed and raw contents, and outputs that were asked for")
  func infer() async throws {
    try await withServer(["pair.onnx": "pair"]) { server in
      try await withClient(server) { client in
        let typed = try await client.modelInfer(
          .with {
            $0.modelName = "pair"
            $0.id = "seven"
            $0.inputs = [Self.floats("B", [1, 3], [1, 1, 1]), Self.floats("A", [1, 3], [1, 2, 3])]
          })
        #expect(typed.id == "seven" && typed.modelVersion == "1")
        #expect(typed.outputs.map(\.name) == ["sum", "difference"])
        #expect(typed.outputs[0].contents.fp32Contents == [2, 3, 4])
        #expect(typed.outputs[1].contents.fp32Contents == [0, 1, 2])
        #expect(typed.rawOutputContents.isEmpty)
        let raw = try await client.modelInfer(
          .with {
            $0.modelName = "pair"
            $0.inputs = ["A", "B"].map { name in
              .with {
                $0.name = name
                $0.datatype = "FP32"
                $0.shape = [1, 3]
              }
            }
            $0.rawInputContents = [Data(bytes([5, 6, 7] as [Float])), Data(bytes([1, 1, 1] as [Float]))]
            $0.outputs = [.with { $0.name = "difference" }]
          })
        #expect(raw.outputs.map(\.name) == ["difference"])
        #expect(raw.rawOutputContents.map { Array($0) } == [bytes([4, 5, 6] as [Float])])
      }
    }
  }

  @Test("Elements of every type arrive", arguments: ProtocolTests.typeCases)
  func types(_ type: ProtocolTests.TypeCase) async throws {
    try await withServer(["t.onnx": "type_\(type.name)"]) { server in
      try await withClient(server) { client in
        let answer = try await client.modelInfer(
          .with {
            $0.modelName = "t"
            $0.inputs = [
              .with {
                $0.name = "x"
                $0.datatype = type.wire
                $0.shape = [2]
              }
            ]
            $0.rawInputContents = [Data(type.raw)]
          })
        #expect(answer.outputs[0].datatype == type.wire)
        #expect(answer.rawOutputContents.map { Array($0) } == [type.raw])
      }
    }
  }

  @Test("What is wrong is told by the code that the protocol has for it")
  func faults() async throws {
    try await withServer(["pair.onnx": "pair", "half.onnx": "type_FP16"], options: { $0.limits.tensorElements = 100 }) {
      server in
      try await withClient(server) { client in
        func code(_ change: @Sendable (inout Inference_ModelInferRequest) -> Void) async -> RPCError.Code? {
          var request = Inference_ModelInferRequest.with {
            $0.modelName = "pair"
            $0.inputs = [Self.floats("A", [1, 3], [1, 2, 3]), Self.floats("B", [1, 3], [1, 1, 1])]
          }
          change(&request)
          return await self.code { _ = try await client.modelInfer(request) }
        }
        #expect(await code { _ in } == nil)
        #expect(await code { $0.modelName = "nobody" } == .notFound)
        #expect(await code { $0.modelVersion = "2" } == .notFound)
        #expect(await code { $0.inputs = [] } == .invalidArgument)
        #expect(await code { $0.inputs[0].name = "C" } == .invalidArgument)
        #expect(await code { $0.inputs[0].datatype = "FP64" } == .invalidArgument)
        #expect(await code { $0.inputs[0].shape = [1, 4] } == .invalidArgument)
        #expect(await code { $0.inputs[0].shape = [.max, 3] } == .invalidArgument)
        #expect(await code { $0.inputs[0].shape = [-1, 3] } == .invalidArgument)
        #expect(await code { $0.inputs[0].shape = [1000, 3] } == .resourceExhausted)
        #expect(await code { $0.inputs[0].contents.fp32Contents = [1] } == .invalidArgument)
        #expect(await code { $0.inputs[0].contents.intContents = [1] } == .invalidArgument)
        #expect(await code { $0.rawInputContents = [Data(count: 12), Data(count: 12)] } == .invalidArgument)
        #expect(await code { $0.rawInputContents = [Data(count: 12)] } == .invalidArgument)
        #expect(await code { $0.outputs = [.with { $0.name = "z" }] } == .invalidArgument)
        #expect(await code { $0.parameters["timeout"] = .with { $0.stringParam = "x" } } == .invalidArgument)
        #expect(
          await code {
            $0.modelName = "half"
            $0.inputs = [Self.floats("x", [2], [1, 2])]
            $0.inputs[0].datatype = "FP16"
          } == .invalidArgument)
      }
    }
  }

  @Test("A message above the limit is refused, and bytes that are no gRPC leave it serving")
  func limits() async throws {
    try await withServer(["pair.onnx": "pair"], options: { $0.limits.bodyBytes = 10_000 }) { server in
      let port = try #require(server.ports.grpc)
      try await withClient(server) { client in
        let answer = await code {
          _ = try await client.modelInfer(
            .with {
              $0.modelName = "pair"
              $0.inputs = [Self.floats("A", [5000, 3], [Float](repeating: 0, count: 15_000))]
            })
        }
        #expect(answer != nil)
      }
      for noise in [
        "GET / HTTP/1.1\r\n\r\n", "\u{0}\u{1}", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\u{7F}\u{7F}\u{7F}\u{7F}garbage",
      ] {
        _ = try await blocking {
          let connection = try RawConnection(port: port)
          try connection.send(noise)
          connection.endSending()
          return try connection.rest().count
        }
      }
      try await withClient(server) { (client) async throws in #expect(try await client.serverLive(.init()).live) }
    }
  }

  @Test("A call ends at its deadline, and a client that goes leaves the queue")
  func deadlines() async throws {
    let model = GatedModel()
    try await withServer(["m.onnx": "pair"], loader: { _, _ in model }) { server in
      try await withClient(server) { (client) async throws in
        let request = Inference_ModelInferRequest.with {
          $0.modelName = "m"
          $0.inputs = [Self.floats("x", [1, 2], [1, 2])]
        }
        var timed = request
        timed.parameters["timeout"] = .with { $0.int64Param = 100_000 }
        let late = await code { [timed] in _ = try await client.modelInfer(timed) }
        #expect(late == .deadlineExceeded)
        // The run that has begun holds up the next.
        let waiting = Task { await code { _ = try await client.modelInfer(request) } }
        try await eventually("it waits") {
          try await server.get("/metrics").text.contains(#"luthier_queue_length{model="m",version="1"} 1"#)
        }
        waiting.cancel()
        try await eventually("it is cancelled") {
          try await server.get("/metrics").text.contains(
            #"luthier_requests_total{model="m",version="1",outcome="cancelled"} 1"#)
        }
        #expect(await waiting.value != nil)
        model.open()
        #expect(try await client.modelInfer(request).outputs[0].contents.fp32Contents == [2, 4])
        #expect(model.begun == 2)
      }
    }
  }

  @Test("With a token, only health is open")
  func token() async throws {
    try await withServer(["pair.onnx": "pair"], options: { $0.token = BearerToken(OperationTests.token) }) { server in
      try await withClient(server) { (client) async throws in
        #expect(try await client.serverLive(.init()).live)
        #expect(try await client.serverReady(.init()).ready)
        #expect(await code { _ = try await client.serverMetadata(.init()) } == .unauthenticated)
        #expect(
          await code {
            _ = try await client.repositoryIndex(
              .init(), metadata: ["authorization": "Bearer \(OperationTests.token)0"])
          }
            == .unauthenticated)
        let metadata: Metadata = ["authorization": "Bearer \(OperationTests.token)"]
        #expect(try await client.serverMetadata(.init(), metadata: metadata).name == "luthier-serve")
      }
    }
  }
}
