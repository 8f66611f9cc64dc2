import Foundation
import Logging
import Metrics
import Synchronization
import Testing

@testable import InferenceServer

@Suite("Operation")
struct OperationTests {
  @Test("What is measured is in Prometheus' form")
  func prometheus() {
    let metrics = PrometheusMetrics()
    Counter(label: "requests.total", dimensions: [("model", "a\"b\\c\nd")], factory: metrics).increment(by: 3)
    Gauge(label: "level", factory: metrics).record(2.5)
    let timer = Metrics.Timer(label: "time_seconds", dimensions: [("m", "x")], factory: metrics)
    timer.recordNanoseconds(300_000)
    timer.recordNanoseconds(60_000_000_000)
    let text = metrics.text
    #expect(text.contains("# TYPE requests_total counter\nrequests_total{model=\"a\\\"b\\\\c\\nd\"} 3\n"))
    #expect(text.contains("# TYPE level gauge\nlevel 2.5\n"))
    #expect(text.contains("# TYPE time_seconds histogram\n"))
    #expect(
      text.contains("time_seconds_bucket{m=\"x\",le=\"0.00025\"} 0\ntime_seconds_bucket{m=\"x\",le=\"0.0005\"} 1\n"))
    #expect(text.contains("time_seconds_bucket{m=\"x\",le=\"30\"} 1\ntime_seconds_bucket{m=\"x\",le=\"+Inf\"} 2\n"))
    #expect(text.contains("time_seconds_count{m=\"x\"} 2\n"))
    #expect(text.hasSuffix("\n"))
  }

  @Test("Requests are counted by how they ended, with their times and the rows of their runs")
  func requestMetrics() async throws {
    try await withServer(["scale.onnx": "times2"]) { server in
      for _ in 0..<3 { _ = try await server.post("/v2/models/scale/infer", json: FaultTests.good) }
      _ = try await server.post("/v2/models/scale/infer", json: #"{"inputs": []}"#)
      let answer = try await server.get("/metrics")
      #expect(answer.headers["content-type"] == "text/plain; version=0.0.4")
      for line in [
        #"luthier_requests_total{model="scale",version="1",outcome="ok"} 3"#,
        #"luthier_requests_total{model="scale",version="1",outcome="badRequest"} 1"#,
        #"luthier_batch_rows_count{model="scale",version="1"} 3"#,
        #"luthier_request_seconds_count{model="scale",version="1"} 3"#,
        "luthier_held_body_bytes 0", "# TYPE process_resident_memory_bytes gauge",
      ] {
        #expect(answer.text.contains("\(line)\n"), "\(line)\n\(answer.text)")
      }
    }
  }

  static let token = "0123456789abcdef-token"

  @Test("With a token, only health and the page are open")
  func token() async throws {
    try await withServer(["scale.onnx": "times2"], options: { $0.token = BearerToken(Self.token) }) { server in
      #expect(try await server.get("/v2/health/live").status == 200)
      #expect(try await server.get("/v2/health/ready").status == 200)
      #expect(try await server.get("/").status == 200)
      for path in ["/v2", "/metrics", "/v2/models/scale", "/v2/health/live/../../models/scale", "//", "/nowhere"] {
        let answer = try await server.get(path)
        #expect(answer.status == 401, "\(path)")
        #expect(answer.headers["www-authenticate"] == "Bearer")
        #expect(answer.error != nil)
      }
      for field in [
        "Bearer \(Self.token)x", "Bearer \(Self.token.dropLast())", "Bearer ", "Basic \(Self.token)", Self.token, "",
      ] {
        #expect(try await server.get("/v2", headers: ["Authorization": field]).status == 401, "\(field)")
      }
      #expect(try await server.get("/v2", headers: ["Authorization": "bearer \(Self.token)"]).status == 200)
      let answer = try await server.post(
        "/v2/models/scale/infer", json: FaultTests.good, headers: ["Authorization": "Bearer \(Self.token)"])
      #expect(answer.data("y") == [2, 4, 6, 8])
    }
  }

  @Test(
    "A token that could be guessed, or could not stand in a field, is none",
    arguments: ["", "short", "0123456789 abcdef", "0123456789abcde\u{7F}é"])
  func badTokens(_ text: String) { #expect(BearerToken(text) == nil) }

  @Test("A trace goes on with a span of the server's own; what is no trace does not")
  func traces() async throws {
    let lines = KeptLines()
    let logger = Logger(label: "test") { _ in KeepingLogHandler(lines: lines) }
    let trace = "0af7651916cd43dd8448eb211c80319c"
    try await withServer(["scale.onnx": "times2"], logger: logger) { server in
      let answer = try await server.get(
        "/v2",
        headers: ["traceparent": "00-\(trace)-b7ad6b7169203331-01", "tracestate": "a=b", "X-Request-Id": "mine-7"])
      let field = try #require(answer.headers["traceparent"])
      #expect(field.hasPrefix("00-\(trace)-") && field.hasSuffix("-01") && !field.contains("b7ad6b7169203331"))
      #expect(TraceContext(field) != nil)
      #expect(answer.headers["tracestate"] == "a=b")
      #expect(answer.headers["x-request-id"] == "mine-7")
      try await eventually("the line is logged") {
        lines.all.contains {
          $0.contains("request_id=mine-7") && $0.contains("trace_id=\(trace)") && $0.contains("status=200")
        }
      }
      let other = try await server.get("/v2", headers: ["traceparent": "00-nonsense", "X-Request-Id": "bad id"])
      #expect(other.headers["traceparent"] == nil)
      #expect(other.headers["x-request-id"]?.contains(" ") == false)
    }
  }

  @Test(
    "What is no traceparent is none",
    arguments: [
      "", "00", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
      "00-00000000000000000000000000000000-b7ad6b7169203331-01",
      "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
      "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
      "00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
      "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x",
    ])
  func noTraces(_ field: String) { #expect(TraceContext(field) == nil) }
}

/// Lines of log that a test looks at.
final class KeptLines: Sendable {
  private let lines = Mutex<[String]>([])
  var all: [String] { lines.withLock { $0 } }
  func add(_ line: String) { lines.withLock { $0.append(line) } }
}

struct KeepingLogHandler: LogHandler {
  let lines: KeptLines
  var logLevel = Logger.Level.info
  var metadata: Logger.Metadata = [:]

  init(lines: KeptLines) { self.lines = lines }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let all = metadata.merging(event.metadata ?? [:]) { $1 }
    lines.add("\(event.message) " + all.map { "\($0.key)=\($0.value)" }.sorted().joined(separator: " "))
  }
}
