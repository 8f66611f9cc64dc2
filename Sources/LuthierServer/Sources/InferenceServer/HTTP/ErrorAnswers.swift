import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTP1

extension ServingError {
  /// The status that HTTP has for it.
  package var status: HTTPResponse.Status {
    switch kind {
    case .badRequest: .badRequest
    case .unauthenticated: .unauthorized
    case .notFound: .notFound
    case .tooLarge: .contentTooLarge
    case .unsupported: .unsupportedMediaType
    case .overloaded, .unavailable: .serviceUnavailable
    case .deadlineExceeded: .gatewayTimeout
    // Nobody reads it.
    case .cancelled: HTTPResponse.Status(code: 499, reasonPhrase: "Client Closed Request")
    case .failed: .internalServerError
    }
  }

  private struct JSON: Encodable { let error: String }

  /// The answer, as the protocol has it.
  var response: Response {
    var response = JSONBody.response((try? JSONBody.data(JSON(error: message))) ?? .init(), status: status)
    if let retryAfter { response.headers[.retryAfter] = "\(retryAfter)" }
    if kind == .unauthenticated { response.headers[.wwwAuthenticate] = "Bearer" }
    // The rest of such a body is not worth reading.
    if kind == .tooLarge || kind == .unsupported { response.headers[.connection] = "close" }
    return response
  }
}

/// Answers errors as the protocol has them, whoever has thrown them.
struct ErrorAnswers: RouterMiddleware {
  func handle(
    _ request: Request, context: ServingContext, next: (Request, ServingContext) async throws -> Response
  ) async throws -> Response {
    do { return try await next(request, context) } catch let error as HTTPParserError {
      // The connection is at its end.
      throw error
    } catch let error as ServingError {
      return error.response
    } catch let error as HTTPError {
      let kind: ServingError.Kind = error.status == .notFound ? .notFound : .badRequest
      return ServingError(
        kind, error.body ?? "\(request.method) \(request.uri.path.quoted): \(error.status.reasonPhrase)"
      ).response
    } catch is CancellationError {
      return ServingError(.cancelled, "the client has gone").response
    } catch is ChannelError {
      return ServingError(.cancelled, "the client has gone").response
    } catch let error as any HTTPResponseError {
      var response = ServingError(.badRequest, "\(error.status.reasonPhrase)").response
      response.status = error.status
      return response
    } catch {
      context.logger.error("a request failed", metadata: ["error": "\(error)"])
      return ServingError(.failed, "the server failed").response
    }
  }
}
