import HTTPTypes
import Hummingbird

/// The token that clients have to show.
package struct BearerToken: Sendable {
  private let bytes: [UInt8]

  /// The fewest characters of a token.
  package static let minimumLength = 16

  /// Nil for what is too short, or could not stand in a field.
  package init?(_ text: String) {
    guard text.utf8.count >= Self.minimumLength, text.utf8.allSatisfy({ (33...126).contains($0) }) else { return nil }
    bytes = Array(text.utf8)
  }

  /// Checks what a client shows: an `Authorization` field's value.
  ///
  /// - Throws: ``ServingError``.
  package func check(_ field: String?) throws(ServingError) {
    guard let field, let space = field.firstIndex(of: " "), field[..<space].lowercased() == "bearer" else {
      throw ServingError(.unauthenticated, "this server asks for a token: Authorization: Bearer …")
    }
    let shown = Array(field[field.index(after: space)...].utf8)
    // As long for a wrong token as for a right one: the time tells nothing of where they differ.
    var difference = shown.count ^ bytes.count
    for index in bytes.indices { difference |= Int((index < shown.count ? shown[index] : 0) ^ bytes[index]) }
    guard difference == 0 else { throw ServingError(.unauthenticated, "the token is not this server's") }
  }
}

/// Asks all requests for the token, but those for health and the page, which tell nothing of the models.
struct TokenCheck: RouterMiddleware {
  let token: BearerToken

  func handle(
    _ request: Request, context: ServingContext, next: (Request, ServingContext) async throws -> Response
  ) async throws -> Response {
    let isOpen = ["/", "/v2/health/live", "/v2/health/ready"].contains(request.uri.path)
    if !isOpen { try token.check(request.headers[.authorization]) }
    return try await next(request, context)
  }
}
