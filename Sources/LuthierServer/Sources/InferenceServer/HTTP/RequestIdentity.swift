import HTTPTypes
import Hummingbird
import Logging
import NIOCore

extension HTTPField.Name {
  static let requestIdentity = HTTPField.Name("X-Request-Id")
  static let traceParent = HTTPField.Name("traceparent")
  static let traceState = HTTPField.Name("tracestate")
}

/// The trace that a request belongs to, as W3C's `traceparent` says it.
package struct TraceContext: Hashable, Sendable {
  package let trace: String
  package let parent: String
  private let flags: String

  /// Nil for what is no such field.
  package init?(_ field: String) {
    let parts = field.split(separator: "-", omittingEmptySubsequences: false).map(String.init)
    func isHex(_ text: String, _ count: Int) -> Bool {
      text.utf8.count == count && text.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
    }
    guard parts.count >= 4, isHex(parts[0], 2), parts[0] != "ff", parts[0] != "00" || parts.count == 4,
      isHex(parts[1], 32), isHex(parts[2], 16), isHex(parts[3], 2), parts[1].contains(where: { $0 != "0" }),
      parts[2].contains(where: { $0 != "0" })
    else { return nil }
    (trace, parent, flags) = (parts[1], parts[2], parts[3])
  }

  /// The field for whom this server answers or calls: the same trace, and a span of its own.
  package func field(span: UInt64) -> String {
    let digits = String(max(span, 1), radix: 16)
    return "00-\(trace)-\(String(repeating: "0", count: 16 - digits.count))\(digits)-\(flags)"
  }
}

/// Gives each request an identity, keeps its trace, and writes a line of log when it is answered.
struct RequestIdentity: RouterMiddleware {
  func handle(
    _ request: Request, context: ServingContext, next: (Request, ServingContext) async throws -> Response
  ) async throws -> Response {
    let begin = NIODeadline.now()
    var context = context
    // A client's own name is kept where it can do no harm in a log.
    let given = HTTPField.Name.requestIdentity.flatMap { request.headers[$0] }.flatMap { Self.isPlain($0) ? $0 : nil }
    // Hummingbird's own, where the log keeps what it is told.
    let identity = given ?? context.logger[metadataKey: "hb.request.id"].map { "\($0)" } ?? "\(RequestID())"
    context.logger[metadataKey: "request_id"] = "\(identity)"
    let trace = HTTPField.Name.traceParent.flatMap { request.headers[$0] }.flatMap { TraceContext($0) }
    let span = UInt64.random(in: .min ... .max)
    if let trace {
      context.logger[metadataKey: "trace_id"] = "\(trace.trace)"
      context.logger[metadataKey: "parent_span_id"] = "\(trace.parent)"
    }
    var response = try await next(request, context)
    if let name = HTTPField.Name.requestIdentity { response.headers[name] = identity }
    if let trace, let name = HTTPField.Name.traceParent {
      response.headers[name] = trace.field(span: span)
      if let state = HTTPField.Name.traceState, let value = request.headers[state] { response.headers[state] = value }
    }
    context.logger.info(
      "request",
      metadata: [
        "method": "\(request.method.rawValue)", "path": "\(request.uri.path.quoted)",
        "status": "\(response.status.code)",
        "milliseconds": "\(Double((NIODeadline.now() - begin).nanoseconds / 1000) / 1000)",
      ])
    return response
  }

  private static func isPlain(_ text: String) -> Bool {
    (1...128).contains(text.utf8.count)
      && text.unicodeScalars.allSatisfy {
        $0.isASCII && ($0.properties.isAlphabetic || "0123456789-_.:".unicodeScalars.contains($0))
      }
  }
}
