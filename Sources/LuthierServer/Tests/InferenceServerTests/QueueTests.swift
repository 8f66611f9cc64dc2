import Foundation
import Luthier
import NIOCore
import Testing

@testable import InferenceServer

@Suite("Requests that wait")
struct QueueTests {
  private static func body(_ rows: Int, first: Float = 1, parameters: String = "{}") -> String {
    let data = (0..<rows * 2).map { "\(first + Float($0))" }.joined(separator: ", ")
    return
      #"{"inputs": [{"name": "x", "datatype": "FP32", "shape": [\#(rows), 2], "data": [\#(data)]}], "parameters": \#(parameters)}"#
  }

  @Test("Requests of one kind are joined while the model is busy, and each gets its own rows")
  func joining() async throws {
    let model = GatedModel()
    try await withServer(
      ["m.onnx": "pair"], texts: ["m.json": #"{"max_batch_size": 8, "max_wait_ms": 0}"#], loader: { _, _ in model }
    ) { server in
      // The first one holds up the others.
      async let first = server.post("/v2/models/m/infer", json: Self.body(1, first: 0))
      try await eventually("the first run begins") { model.begun == 1 }
      try await withThrowingTaskGroup(of: (Int, Answer).self) { group in
        for index in 1...8 {
          group.addTask {
            (index, try await server.post("/v2/models/m/infer", json: Self.body(1, first: Float(index))))
          }
        }
        try await eventually("all wait") {
          try await server.get("/metrics").text.contains(#"luthier_queue_length{model="m",version="1"} 8"#)
        }
        model.open()
        for try await (index, answer) in group {
          #expect(answer.data("y") == [Double(2 * index), Double(2 * index + 2)])
          #expect(answer.shape("y") == [1, 2])
        }
      }
      #expect(try await first.data("y") == [0, 2])
      #expect(model.rows == [1, 8])
    }
  }

  @Test("A request waits for others no longer than it was said, and a whole batch does not wait")
  func waiting() async throws {
    let model = GatedModel()
    model.open()
    try await withServer(
      ["m.onnx": "pair"], texts: ["m.json": #"{"max_batch_size": 4, "max_wait_ms": 10000}"#], loader: { _, _ in model }
    ) { server in
      try await withThrowingTaskGroup(of: Answer.self) { group in
        for _ in 0..<4 { group.addTask { try await server.post("/v2/models/m/infer", json: Self.body(1)) } }
        for try await answer in group { #expect(answer.status == 200) }
      }
      #expect(model.rows == [4])
    }
    let other = GatedModel()
    other.open()
    try await withServer(
      ["m.onnx": "pair"], texts: ["m.json": #"{"max_batch_size": 4, "max_wait_ms": 50}"#], loader: { _, _ in other }
    ) { (server) async throws in
      #expect(try await server.post("/v2/models/m/infer", json: Self.body(1)).status == 200)
      #expect(other.rows == [1])
    }
  }

  @Test("Requests of other sizes, and those above the size, run alone")
  func kinds() async throws {
    let model = GatedModel()
    try await withServer(
      ["m.onnx": "pair"], texts: ["m.json": #"{"max_batch_size": 4, "max_wait_ms": 0}"#], loader: { _, _ in model }
    ) { server in
      async let first = server.post("/v2/models/m/infer", json: Self.body(1))
      try await eventually("the first run begins") { model.begun == 1 }
      var answers: [Task<Answer, any Error>] = []
      for (index, rows) in [1, 1, 9, 1].enumerated() {
        answers.append(Task { try await server.post("/v2/models/m/infer", json: Self.body(rows)) })
        try await eventually("it waits") {
          try await server.get("/metrics").text.contains(#"luthier_queue_length{model="m",version="1"} \#(index + 1)"#)
        }
      }
      model.open()
      for (answer, rows) in zip(answers, [1, 1, 9, 1]) { #expect(try await answer.value.shape("y") == [rows, 2]) }
      #expect(try await first.status == 200)
      #expect(model.rows == [1, 2, 9, 1])
    }
  }

  @Test(
    "Rows of a joined run are a few sizes only",
    arguments: [(1, [1]), (2, [1, 2]), (6, [1, 2, 4, 6]), (8, [1, 2, 4, 8])])
  func rowSizes(_ most: Int, _ sizes: [Int]) {
    var settings = QueueSettings()
    settings.joinedRows = most
    #expect(settings.rowSizes == sizes)
  }

  @Test("Beyond the queue requests are 503 with Retry-After")
  func fullQueue() async throws {
    let model = GatedModel()
    try await withServer(["m.onnx": "pair"], loader: { _, _ in model }, options: { $0.queue.capacity = 2 }) { server in
      let waiting = (0..<3).map { _ in Task { try await server.post("/v2/models/m/infer", json: Self.body(1)) } }
      try await eventually("the queue is full") {
        try await server.get("/metrics").text.contains(#"luthier_queue_length{model="m",version="1"} 2"#)
      }
      let answer = try await server.post("/v2/models/m/infer", json: Self.body(1))
      #expect(answer.status == 503)
      #expect(answer.headers["retry-after"] == "1")
      #expect(answer.error == "2 requests wait for this model already; try again")
      model.open()
      for task in waiting { #expect(try await task.value.status == 200) }
      #expect(try await server.post("/v2/models/m/infer", json: Self.body(1)).status == 200)
    }
  }

  @Test("A request is answered at its deadline, whether it waits or runs")
  func deadlines() async throws {
    let model = GatedModel()
    try await withServer(["m.onnx": "pair"], loader: { _, _ in model }) { server in
      async let running = server.post("/v2/models/m/infer", json: Self.body(1, parameters: #"{"timeout": 300000}"#))
      try await eventually("the first run begins") { model.begun == 1 }
      let waiting = try await server.post("/v2/models/m/infer", json: Self.body(1, parameters: #"{"timeout": 100000}"#))
      #expect(waiting.status == 504)
      #expect(try await running.status == 504)
      model.open()
      try await eventually("the next one is served") {
        try await server.post("/v2/models/m/infer", json: Self.body(1)).status == 200
      }
    }
  }

  @Test("A client that goes leaves the queue, and its request does not run")
  func cancellation() async throws {
    let model = GatedModel()
    try await withServer(["m.onnx": "pair"], loader: { _, _ in model }) { server in
      async let first = server.post("/v2/models/m/infer", json: Self.body(1))
      try await eventually("the first run begins") { model.begun == 1 }
      let port = server.ports.http
      let body = Self.body(5)
      let connection = try await blocking {
        let connection = try RawConnection(port: port)
        try connection.send(
          "POST /v2/models/m/infer HTTP/1.1\r\nHost: x\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
        return connection
      }
      try await eventually("it waits") {
        try await server.get("/metrics").text.contains(#"luthier_queue_length{model="m",version="1"} 1"#)
      }
      connection.endSending()
      try await eventually("it is cancelled") {
        try await server.get("/metrics").text.contains(
          #"luthier_requests_total{model="m",version="1",outcome="cancelled"} 1"#)
      }
      model.open()
      #expect(try await first.status == 200)
      #expect(try await server.post("/v2/models/m/infer", json: Self.body(2)).status == 200)
      #expect(model.rows == [1, 2])
      withExtendedLifetime(connection) {}
    }
  }

  @Test("A model that runs holds up neither health nor another model")
  func separateThreads() async throws {
    let model = GatedModel()
    try await withServer(
      ["m.onnx": "pair", "other.onnx": "times2"],
      loader: { source, configuration in
        source.name == "m" ? model : try DeploymentLoader().load(source, configuration)
      }
    ) { server in
      async let first = server.post("/v2/models/m/infer", json: Self.body(1))
      try await eventually("the first run begins") { model.begun == 1 }
      #expect(try await server.get("/v2/health/live").status == 200)
      let other = try await server.post("/v2/models/other/infer", json: FaultTests.good)
      #expect(other.data("y") == [2, 4, 6, 8])
      model.open()
      #expect(try await first.status == 200)
    }
  }

  @Test("A request that the model refuses does not take down those that it was joined with")
  func faultInBatch() async throws {
    try await withServer(
      ["lookup.onnx": "lookup"], texts: ["lookup.json": #"{"max_batch_size": 4, "max_wait_ms": 200}"#]
    ) { (server) async throws in
      func ask(_ index: Int) async throws -> Answer {
        try await server.post(
          "/v2/models/lookup/infer",
          json: #"{"inputs": [{"name": "index", "datatype": "INT64", "shape": [1], "data": [\#(index)]}]}"#)
      }
      async let one = ask(1)
      async let wrong = ask(100)
      async let two = ask(2)
      async let three = ask(3)
      #expect(try await wrong.status == 400)
      #expect(try await one.data("y") == [2, 3])
      #expect(try await two.data("y") == [4, 5])
      #expect(try await three.data("y") == [6, 7])
    }
  }

  @Test("Where a model's rows turn out not to be its requests', each runs alone")
  func rowsThatAreNone() async throws {
    try await withServer(["mean.onnx": "mean"], texts: ["mean.json": #"{"max_batch_size": 4, "max_wait_ms": 200}"#]) {
      server in
      for _ in 0..<2 {
        try await withThrowingTaskGroup(of: Answer.self) { group in
          for value in 0..<4 {
            group.addTask {
              try await server.post(
                "/v2/models/mean/infer",
                json: #"{"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 4], "data": [\#(value), 0, 0, 0]}]}"#
              )
            }
          }
          var first: Set<Double> = []
          for try await answer in group { first.insert(answer.data("y")?.first ?? -1) }
          #expect(first == [0, 1, 2, 3])
        }
      }
    }
  }
}
