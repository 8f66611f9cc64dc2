import Foundation
import Testing

@testable import InferenceServer

/// The program `luthier-serve`, started by a test.
final class ServeProcess: @unchecked Sendable {
  // Invariant of `@unchecked`: the process is set up before anybody else has this object, and afterwards only asked.
  private let process = Process()
  private let errors = Pipe()
  private let lines = KeptLines()
  let port: Int

  static var program: String {
    let folder = Bundle.allBundles.map(\.bundlePath).first { $0.hasSuffix(".xctest") }.map {
      URL(fileURLWithPath: $0).deletingLastPathComponent()
    }
    return (folder ?? Bundle.main.bundleURL).appendingPathComponent("luthier-serve").path
  }

  /// Starts it on free ports, and waits until it serves.
  init(_ arguments: [String], environment: [String: String] = [:]) async throws {
    process.executableURL = URL(fileURLWithPath: Self.program)
    process.arguments = arguments + ["--port", "0", "--grpc-port", "0"]
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.standardError = errors
    let (ports, heard) = AsyncStream<Int>.makeStream()
    errors.fileHandleForReading.readabilityHandler = { [lines] handle in
      let text = String(decoding: handle.availableData, as: UTF8.self)
      if text.isEmpty { return heard.finish() }
      for line in text.split(separator: "\n") {
        lines.add(String(line))
        if let match = line.firstMatch(of: /serving at https?:\/\/127\.0\.0\.1:([0-9]+)/), let port = Int(match.1) {
          heard.yield(port)
        }
      }
    }
    try process.run()
    guard let found = await ports.first(where: { _ in true }) else {
      process.waitUntilExit()
      throw RawConnection.Failure(what: "luthier-serve ended: \(lines.all.joined(separator: "\n"))")
    }
    port = found
  }

  deinit {
    errors.fileHandleForReading.readabilityHandler = nil
    if process.isRunning { process.terminate() }
  }

  var grpcPort: Int? {
    lines.all.lazy.compactMap { $0.firstMatch(of: /grpc:\/\/127\.0\.0\.1:([0-9]+)/).flatMap { Int($0.1) } }.first
  }
  var log: [String] { lines.all }
  func send(_ signal: Int32) { kill(process.processIdentifier, signal) }

  /// Waits for its end.
  func status() async throws -> Int32 {
    try await blocking {
      self.process.waitUntilExit()
      return self.process.terminationReason == .exit ? self.process.terminationStatus : -self.process.terminationStatus
    }
  }
}

/// Runs a program to its end.
func output(of program: String, _ arguments: [String], environment: [String: String] = [:]) async throws -> (
  status: Int32, text: String, errors: String
) {
  try await blocking {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    let folder = FileManager.default.temporaryDirectory
    let places = ["out", "err"].map { folder.appendingPathComponent("luthier-serve-\(UUID().uuidString).\($0)") }
    defer { for place in places { try? FileManager.default.removeItem(at: place) } }
    for place in places { try Data().write(to: place) }
    process.standardOutput = try FileHandle(forWritingTo: places[0])
    process.standardError = try FileHandle(forWritingTo: places[1])
    try process.run()
    process.waitUntilExit()
    let texts = try places.map { String(decoding: try Data(contentsOf: $0), as: UTF8.self) }
    return (process.terminationStatus, texts[0], texts[1])
  }
}

@Suite("The program luthier-serve")
struct ProgramTests {
  @Test("SIGTERM ends it with status 0, after the requests that are under way")
  func draining() async throws {
    try await withFolder(
      ["scale.onnx": "times2"], texts: ["scale.json": #"{"max_batch_size": 4, "max_wait_ms": 1500}"#]
    ) { folder in
      let server = try await ServeProcess([folder])
      let port = server.port
      async let answer = request("POST", "/v2/models/scale/infer", body: Array(FaultTests.good.utf8), port: port)
      try await Task.sleep(for: .milliseconds(300))
      server.send(SIGTERM)
      #expect(try await answer.data("y") == [2, 4, 6, 8])
      #expect(try await server.status() == 0)
      await #expect(throws: (any Error).self) { try await request("GET", "/v2/health/live", port: port) }
    }
  }

  @Test("SIGHUP loads what is new or has changed, and lets go of what has gone, without a lost request")
  func hangUp() async throws {
    try await withFolder(["scale.onnx": "times2", "old.onnx": "pair"]) { folder in
      let server = try await ServeProcess([folder])
      let port = server.port
      let asking = Task {
        var count = 0
        while !Task.isCancelled {
          let answer = try await request(
            "POST", "/v2/models/scale/infer", body: Array(FaultTests.good.utf8), port: port)
          #expect(answer.status == 200, "\(answer.text)")
          count += 1
        }
        return count
      }
      try put("times3", at: "\(folder)/scale.onnx")
      try put("pair", at: "\(folder)/new/2/model.onnx")
      try FileManager.default.removeItem(atPath: "\(folder)/old.onnx")
      server.send(SIGHUP)
      try await eventually("the new file serves") {
        try await request("POST", "/v2/models/scale/infer", body: Array(FaultTests.good.utf8), port: port).data("y")
          == [3, 6, 9, 12]
      }
      try await eventually("the new model serves") {
        try await request("GET", "/v2/models/new/versions/2", port: port).status == 200
      }
      try await eventually("the old one has gone") {
        try await request("GET", "/v2/models/old", port: port).status == 404
      }
      asking.cancel()
      #expect(try await asking.value > 0)
      server.send(SIGINT)
      #expect(try await server.status() == 0)
    }
  }

  @Test("It speaks TLS with PEM files, and only with those who do")
  func tls() async throws {
    try await withFolder(["scale.onnx": "times2"]) { folder in
      let made = try await output(
        of: "/usr/bin/openssl",
        [
          "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
          "subjectAltName=IP:127.0.0.1",
          "-keyout", "\(folder)/.key.pem", "-out", "\(folder)/.cert.pem",
        ])
      try #require(made.status == 0, "\(made.errors)")
      let server = try await ServeProcess(
        [folder, "--tls-certificate", "\(folder)/.cert.pem", "--tls-key", "\(folder)/.key.pem"])
      let found = try await output(
        of: "/usr/bin/curl",
        [
          "-sS", "--cacert", "\(folder)/.cert.pem", "-d", FaultTests.good,
          "https://127.0.0.1:\(server.port)/v2/models/scale/infer",
        ])
      #expect(found.text.contains("[2,4,6,8]"), "\(found)")
      let plain = try await output(of: "/usr/bin/curl", ["-sS", "-m", "5", "http://127.0.0.1:\(server.port)/v2"])
      #expect(plain.status != 0)
      let unknown = try await output(of: "/usr/bin/curl", ["-sS", "https://127.0.0.1:\(server.port)/v2"])
      #expect(unknown.status == 60)
    }
  }

  @Test("Lines of log are objects of JSON where that is asked for")
  func jsonLog() async throws {
    try await withFolder(["scale.onnx": "times2"]) { folder in
      let server = try await ServeProcess([folder, "--log-format", "json", "--log-level", "info"])
      _ = try await request("GET", "/v2", headers: ["X-Request-Id": "mine"], port: server.port)
      try await eventually("the line") {
        server.log.contains { line in
          let json = (try? JSONSerialization.jsonObject(with: Data(line.utf8))) as? [String: String]
          return json?["request_id"] == "mine" && json?["status"] == "200" && json?["level"] == "info"
        }
      }
    }
  }

  /// `LUTHIER_SERVE_REQUESTS=100000 swift test … --filter memory` looks for longer.
  static let requests = ProcessInfo.processInfo.environment["LUTHIER_SERVE_REQUESTS"].flatMap { Int($0) } ?? 1_000

  @Test("Memory does not grow with requests")
  func memory() async throws {
    try await withFolder(["scale.onnx": "times2"]) { folder in
      let server = try await ServeProcess([folder])
      let port = server.port
      // 64 KiB there and back: a leak of one of them a request would be 64 MiB.
      let rows = 4096
      let head =
        #"{"inputs": [{"name": "x", "datatype": "FP32", "shape": [\#(rows), 4], "parameters": {"binary_data_size": \#(rows * 16)}}], "parameters": {"binary_data_output": true}}"#
      let body = Array(head.utf8) + [UInt8](repeating: 0, count: rows * 16)
      let text =
        "POST /v2/models/scale/infer HTTP/1.1\r\nHost: x\r\nInference-Header-Content-Length: \(head.utf8.count)\r\nContent-Length: \(body.count)\r\n\r\n"
      func ask(_ count: Int) async throws -> Int {
        try await blocking {
          let connection = try RawConnection(port: port)
          for _ in 0..<count {
            try connection.send(Array(text.utf8) + body)
            #expect(try connection.answers(1).first?.status == 200)
          }
        }
        let line = try await request("GET", "/metrics", port: port).text.split(separator: "\n").first {
          $0.hasPrefix("process_resident_memory_bytes ")
        }
        return try #require(line?.split(separator: " ").last.flatMap { Int($0) })
      }
      let before = try await ask(200)
      let after = try await ask(Self.requests)
      #expect(after - before < 16 << 20)
    }
  }

  @Test(
    "What it is started with is checked, in one line",
    arguments: [
      (["/nowhere"], Int32(66), "cannot be read"), ([], 64, "models"), ([".", "--threads", "0"], 64, "--threads is 0"),
      ([".", "--host", "example.org"], 64, "give an address in numbers"), ([".", "--tls-key", "x"], 64, "go together"),
      ([".", "--tls-key", "/nowhere", "--tls-certificate", "/nowhere"], 66, "/nowhere cannot be read"),
      ([".", "--token-file", "/nowhere"], 66, "/nowhere cannot be read"),
      ([".", "--max-wait", "-1"], 64, "--max-wait"),
    ])
  func arguments(_ words: [String], _ status: Int32, _ text: String) async throws {
    let found = try await output(of: ServeProcess.program, words)
    #expect(found.status == status)
    #expect(found.errors.contains(text), "\(found.errors)")
  }

  @Test("A port that somebody has is named", arguments: ["--port", "--grpc-port"])
  func takenPort(_ option: String) async throws {
    try await withServer([:]) { server in
      let other = option == "--port" ? ["--grpc-port", "0"] : ["--port", "0"]
      let found = try await output(
        of: ServeProcess.program, [server.folder, option, "\(server.ports.http)"] + other)
      #expect(found.status == 69)
      let line =
        "error: port \(server.ports.http) cannot be listened to: Address already in use; \(option) names another"
      #expect(found.errors.contains(line), "\(found.errors)")
    }
  }

  @Test("A token that is too short is refused at once")
  func shortToken() async throws {
    let found = try await output(of: ServeProcess.program, ["."], environment: ["LUTHIER_SERVE_TOKEN": "short"])
    #expect(found.status == 64)
    #expect(found.errors.contains("openssl rand -hex 32"))
  }
}
