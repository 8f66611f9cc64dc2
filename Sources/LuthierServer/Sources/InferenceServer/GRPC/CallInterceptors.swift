import GRPCCore
import Logging
import NIOCore

extension ServingError: RPCErrorConvertible {
  package var rpcErrorCode: RPCError.Code {
    switch kind {
    case .badRequest: .invalidArgument
    case .unauthenticated: .unauthenticated
    case .notFound: .notFound
    case .tooLarge, .overloaded: .resourceExhausted
    case .unsupported: .unimplemented
    case .unavailable: .unavailable
    case .deadlineExceeded: .deadlineExceeded
    case .cancelled: .cancelled
    case .failed: .internalError
    }
  }

  package var rpcErrorMessage: String { message }
}

/// Asks all calls for the token, but those for health.
struct TokenInterceptor: ServerInterceptor {
  let token: BearerToken

  func intercept<Input: Sendable, Output: Sendable>(
    request: StreamingServerRequest<Input>, context: ServerContext,
    next: @Sendable (StreamingServerRequest<Input>, ServerContext) async throws -> StreamingServerResponse<Output>
  ) async throws -> StreamingServerResponse<Output> {
    if !["ServerLive", "ServerReady"].contains(context.descriptor.method) {
      try token.check(request.metadata[stringValues: "authorization"].first { _ in true })
    }
    return try await next(request, context)
  }
}

/// Keeps a call's trace, and writes a line of log when it is answered.
struct LogInterceptor: ServerInterceptor {
  let logger: Logger

  func intercept<Input: Sendable, Output: Sendable>(
    request: StreamingServerRequest<Input>, context: ServerContext,
    next: @Sendable (StreamingServerRequest<Input>, ServerContext) async throws -> StreamingServerResponse<Output>
  ) async throws -> StreamingServerResponse<Output> {
    let begin = NIODeadline.now()
    let trace = request.metadata[stringValues: "traceparent"].first { _ in true }.flatMap { TraceContext($0) }
    func log(_ status: String) {
      var metadata: Logger.Metadata = [
        "method": "\(context.descriptor.method)", "status": "\(status)",
        "milliseconds": "\(Double((NIODeadline.now() - begin).nanoseconds / 1000) / 1000)",
      ]
      if let trace {
        metadata["trace_id"] = "\(trace.trace)"
        metadata["parent_span_id"] = "\(trace.parent)"
      }
      logger.info("call", metadata: metadata)
    }
    do {
      var response = try await next(request, context)
      if let trace { response.metadata.addString(trace.field(span: .random(in: .min ... .max)), forKey: "traceparent") }
      if case .failure(let error) = response.accepted { log("\(error.code)") } else { log("ok") }
      return response
    } catch {
      log((error as? any RPCErrorConvertible).map { "\($0.rpcErrorCode)" } ?? "unknown")
      throw error
    }
  }
}
