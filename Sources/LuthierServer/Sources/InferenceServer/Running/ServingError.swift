/// Why a request is not answered with tensors: one line, and whose fault it is.
package struct ServingError: Error, Hashable, CustomStringConvertible {
  /// Whose fault it is, and what a client can do.
  package enum Kind: Hashable, Sendable, CaseIterable {
    /// The request is wrong.
    case badRequest
    /// The bearer token is missing or another.
    case unauthenticated
    /// No such model, version or place.
    case notFound
    /// The request, or a tensor of it, is larger than this server takes.
    case tooLarge
    /// The body has an encoding that this server does not read.
    case unsupported
    /// The queue is full: later is better.
    case overloaded
    /// The model is there, but does not serve now.
    case unavailable
    /// The answer was not there in time.
    case deadlineExceeded
    /// The client has gone.
    case cancelled
    /// A fault of the server or the model.
    case failed
  }

  package let kind: Kind
  package let message: String

  package init(_ kind: Kind, _ message: String) {
    self.kind = kind
    self.message = message
  }

  package var description: String { message }

  /// Seconds after which a client may come again; nil where that would not help.
  package var retryAfter: Int? {
    switch kind {
    case .overloaded, .unavailable: 1
    default: nil
    }
  }

  static func badRequest(_ message: String) -> ServingError { ServingError(.badRequest, message) }
}

extension String {
  /// The text in quotes on one line, cut where it is long: names come from clients, and go into logs and answers.
  package var quoted: String {
    let limit = 100
    let text = unicodeScalars.prefix(limit).map { $0.properties.generalCategory == .control ? "\u{FFFD}" : String($0) }
    return "'\(text.joined())\(unicodeScalars.count > limit ? "…" : "")'"
  }
}
