import Foundation
import Logging
import Luthier
import NIOPosix
import Testing

@testable import InferenceServer

@Suite("A folder of models")
struct RepositoryTests {
  private func result(_ server: TestServer, _ path: String = "/v2/models/scale/infer") async throws -> [Double]? {
    try await server.post(path, json: FaultTests.good).data("y")
  }

  private func index(_ server: TestServer) async throws -> [String] {
    let answer = try await server.post("/v2/repository/index")
    return (answer.json as? [[String: Any]] ?? []).map {
      "\($0["name"] ?? "") \($0["version"] ?? "") \($0["state"] ?? "") \($0["reason"] ?? "")"
    }
  }

  @Test("Versions are numbered folders; without a version the greatest serves")
  func versions() async throws {
    try await withServer([
      "scale/1/model.onnx": "times2", "scale/10/model.onnx": "times3", "scale/x/model.onnx": "times3",
      "scale/01/model.onnx": "times3",
    ]) { (server) async throws in
      #expect(try await result(server) == [3, 6, 9, 12])
      #expect(try await result(server, "/v2/models/scale/versions/1/infer") == [2, 4, 6, 8])
      #expect(try await result(server, "/v2/models/scale/versions/10/infer") == [3, 6, 9, 12])
      #expect(try await index(server) == ["scale 1 READY ", "scale 10 READY "])
    }
  }

  @Test("What is no model is in the index with its reason, the server is not ready, and the others serve")
  func broken() async throws {
    let texts = [
      "bad.onnx": "garbage", "config.onnx/config.json": #"{"thread": 2}"#, "empty/readme.txt": "x", ".hidden/x": "",
    ]
    try await withServer(["scale.onnx": "times2", "config.onnx/model.onnx": "times2"], texts: texts) { server in
      let rows = try await index(server)
      #expect(rows.count == 4)
      #expect(rows[0].hasPrefix("bad 1 UNAVAILABLE ") && rows[0].count > 25)
      #expect(rows[1].contains("'thread' is not known; known are profile, labels"))
      #expect(rows[2].hasPrefix("empty  UNAVAILABLE there is no model.onnx"))
      #expect(rows[3] == "scale 1 READY ")
      #expect(try await server.get("/v2/health/ready").status == 503)
      #expect(try await server.get("/v2/health/live").status == 200)
      let unavailable = try await server.get("/v2/models/bad/ready")
      #expect(unavailable.status == 503 && unavailable["ready"] as? Bool == false)
      #expect(try await server.post("/v2/models/bad/infer", json: FaultTests.good).status == 503)
      #expect(try await result(server) == [2, 4, 6, 8])
      let ready = try await server.post("/v2/repository/index", json: #"{"ready": true}"#)
      #expect((ready.json as? [Any])?.count == 1)
      #expect(try await server.post("/v2/repository/index", json: #"{"ready": 3}"#).status == 400)
    }
  }

  @Test("A folder that is not there is an error before anything listens")
  func noFolder() async throws {
    let server = InferenceServer(
      options: ServerOptions(models: "/nowhere/at/all"), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    ) { try DeploymentLoader().load($0, $1) }
    await #expect(throws: ModelFolderError(path: "/nowhere/at/all")) {
      try await server.run(signals: false) { _ in Issue.record("it listens") }
    }
  }

  @Test("Unloading takes a model out, loading brings it back, with what the folder then holds")
  func loadAndUnload() async throws {
    try await withServer(["scale.onnx": "times2"]) { server in
      #expect(try await server.post("/v2/repository/models/scale/unload").status == 200)
      #expect(try await server.get("/v2/models/scale/ready").status == 503)
      #expect(try await server.post("/v2/models/scale/infer", json: FaultTests.good).status == 503)
      // Somebody wanted that: the server is as ready as it should be.
      #expect(try await server.get("/v2/health/ready").status == 200)
      #expect(try await index(server) == ["scale 1 UNAVAILABLE unloaded"])
      try put("times3", at: "\(server.folder)/scale.onnx")
      #expect(try await server.post("/v2/repository/models/scale/load").status == 200)
      #expect(try await result(server) == [3, 6, 9, 12])
      #expect(try await server.post("/v2/repository/models/nobody/load").status == 404)
      #expect(try await server.post("/v2/repository/models/nobody/unload").status == 404)
      try put("pair", at: "\(server.folder)/new/model.onnx")
      #expect(try await server.get("/v2/models/new").status == 404)
      #expect(try await server.post("/v2/repository/models/new/load").status == 200)
      #expect(try await server.get("/v2/models/new").status == 200)
    }
  }

  @Test("A new file that cannot be loaded leaves the old one serving")
  func badReplacement() async throws {
    try await withServer(["scale.onnx": "times2"]) { server in
      try Data("garbage".utf8).write(to: URL(fileURLWithPath: "\(server.folder)/scale.onnx"), options: .atomic)
      let answer = try await server.post("/v2/repository/models/scale/load")
      #expect(answer.status == 400)
      #expect(answer.error?.hasPrefix("model 'scale' cannot be loaded: ") == true)
      #expect(try await result(server) == [2, 4, 6, 8])
      #expect(try await server.get("/v2/health/ready").status == 503)
      try FileManager.default.removeItem(atPath: "\(server.folder)/scale.onnx")
      #expect(try await server.post("/v2/repository/models/scale/load").status == 404)
      #expect(try await server.post("/v2/models/scale/infer", json: FaultTests.good).status == 404)
    }
  }

  @Test("While a model is replaced again and again, no request is lost")
  func replacingUnderLoad() async throws {
    try await withServer(["scale.onnx": "times2"]) { server in
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<2 {
          group.addTask {
            for _ in 0..<100 {
              let answer = try await server.post("/v2/models/scale/infer", json: FaultTests.good)
              #expect(answer.status == 200, "\(answer.text)")
              let data = answer.data("y")
              #expect(data == [2, 4, 6, 8] || data == [3, 6, 9, 12])
            }
          }
        }
        group.addTask {
          for round in 0..<20 {
            try put(round % 2 == 0 ? "times3" : "times2", at: "\(server.folder)/scale.onnx")
            #expect(try await server.post("/v2/repository/models/scale/load").status == 200)
          }
        }
        try await group.waitForAll()
      }
    }
  }

  @Test("A request that has an old model is answered by it")
  func oldModelAnswers() async throws {
    let (old, new) = (GatedModel(), GatedModel())
    new.open()
    let models = [old, new]
    let count = LoadCount()
    try await withServer(["m.onnx": "pair"], loader: { _, _ in models[min(count.next(), 1)] }) { server in
      let body = #"{"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 2], "data": [1, 2]}]}"#
      async let first = server.post("/v2/models/m/infer", json: body)
      try await eventually("the first run begins") { old.begun == 1 }
      #expect(try await server.post("/v2/repository/models/m/load").status == 200)
      #expect(try await server.post("/v2/models/m/infer", json: body).status == 200)
      #expect(new.begun == 1)
      old.open()
      #expect(try await first.data("y") == [2, 4])
    }
  }

  @Test(
    "A configuration's numbers are checked",
    arguments: [
      #"{"threads": 0}"#, #"{"max_batch_size": 129}"#, #"{"max_wait_ms": -1}"#, #"{"instances": 0}"#,
      #"{"timeout_ms": 0}"#,
      #"{"max_queue_size": 0}"#, #"{"threads": "2"}"#, "[]", "{", "", #"{"shapes": {"x": ["1"]}}"#,
    ])
  func configuration(_ json: String) {
    #expect(throws: ModelConfigurationError.self) {
      try ModelConfiguration(json: Data(json.utf8), path: "config.json", defaults: QueueSettings())
    }
  }

  @Test("Models are loaded anew when their profile, labels or configuration change, and only then")
  func changedFiles() async throws {
    let texts = ["tuned.json": "1", "m/labels.txt": "a\n", "m/config.json": "{}"]
    try await withFolder(["m/model.onnx": "times2"], texts: texts) { folder in
      let count = LoadCount()
      let pool = NIOThreadPool(numberOfThreads: 1)
      pool.start()
      let repository = Repository(
        folder: ModelFolder(path: folder), profile: "\(folder)/tuned.json", defaults: QueueSettings(),
        metrics: PrometheusMetrics(), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, pool: pool,
        loading: pool, loops: MultiThreadedEventLoopGroup.singleton
      ) { _, _ in
        _ = count.next()
        return GatedModel()
      }
      try await repository.refresh()
      try await repository.refresh()
      #expect(count.value == 1)
      for (number, name) in texts.keys.sorted().enumerated() {
        let url = URL(fileURLWithPath: "\(folder)/\(name)")
        try (Data(contentsOf: url) + Data(" ".utf8)).write(to: url, options: .atomic)
        try await repository.refresh()
        #expect(count.value == number + 2, "\(name)")
      }
      try await pool.shutdownGracefully()
    }
  }

  @Test("A configuration's profile and labels are found in the model's folder")
  func paths() async throws {
    let seen = SeenConfiguration()
    try await withServer(
      ["m/model.onnx": "colours"],
      texts: [
        "m/config.json": #"{"profile": "tuned.json", "labels": "names.txt", "threads": 2}"#,
        "m/names.txt": "red\ngreen\nblue\n",
      ],
      loader: { source, configuration in
        seen.set(configuration)
        var plain = configuration
        plain.profile = nil
        return try DeploymentLoader().load(source, plain)
      }
    ) { (server) async throws in
      #expect(seen.get()?.profile == "\(server.folder)/m/tuned.json")
      #expect(seen.get()?.threads == 2)
      #expect(try await server.get("/v2/models/m").status == 200)
    }
  }
}
