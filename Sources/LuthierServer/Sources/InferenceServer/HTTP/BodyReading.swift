import Hummingbird
import NIOCore

/// A request's body, counted among the bytes that are held until it is let go.
final class HeldBody: Sendable {
  let buffer: ByteBuffer
  private let held: HeldBytes
  private let count: Int

  /// Reads a body.
  ///
  /// - Throws: ``ServingError`` when it is too large, or when too much is held already.
  init(of request: Request, context: ServingContext, limits: ServerLimits, held: HeldBytes) async throws {
    if let encoding = request.headers[.contentEncoding], encoding.lowercased() != "identity" {
      throw ServingError(
        .unsupported, "the body is \(encoding.quoted); this server reads bodies that are not compressed")
    }
    let announced = request.headers[.contentLength].flatMap { Int($0) }
    guard announced ?? 0 <= limits.bodyBytes else { throw Self.tooLarge(limits) }
    // A client that takes its time holds up memory: it is let go of.
    let channel = context.channel
    let timer = channel.eventLoop.scheduleTask(in: .seconds(Int64(limits.bodySeconds))) { channel.close(promise: nil) }
    defer { timer.cancel() }
    var taken = announced ?? 0
    try held.take(taken)
    do {
      var whole = ByteBuffer()
      whole.reserveCapacity(taken)
      for try await part in request.body {
        guard whole.readableBytes + part.readableBytes <= limits.bodyBytes else { throw Self.tooLarge(limits) }
        if whole.readableBytes + part.readableBytes > taken {
          try held.take(part.readableBytes)
          taken += part.readableBytes
        }
        whole.writeImmutableBuffer(part)
      }
      buffer = whole
    } catch {
      held.release(taken)
      throw error
    }
    self.held = held
    count = taken
  }

  deinit { held.release(count) }

  private static func tooLarge(_ limits: ServerLimits) -> ServingError {
    ServingError(.tooLarge, "the body is larger than \(limits.bodyBytes) bytes, which this server takes (--max-body)")
  }
}
