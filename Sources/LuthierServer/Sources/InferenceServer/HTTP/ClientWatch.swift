import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Sees a client go, and cancels the runs that it waited for.
///
/// It also says that a large body is welcome where a client asks before it sends one, closes connections after answers that say so, and those
/// of clients that do not take their answers.
final class ClientWatch: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPRequestPart
  typealias InboundOut = HTTPRequestPart
  typealias OutboundIn = HTTPResponsePart
  typealias OutboundOut = HTTPResponsePart

  private let limits: ServerLimits
  private var runs: [ObjectIdentifier: PendingRun] = [:]
  private var isGone = false
  private var closesAfterAnswer = false
  /// Closes the connection of a client that does not take its answer.
  private var answerTimer: Scheduled<Void>?

  /// How long a client has to read the last answer of a connection.
  private static let lingering = TimeAmount.seconds(2)

  init(limits: ServerLimits) { self.limits = limits }

  /// Has a run cancelled when the client of a connection goes.
  static func watch(_ run: PendingRun, on channel: any Channel) {
    channel.eventLoop.execute {
      guard let watch = try? channel.pipeline.syncOperations.handler(type: ClientWatch.self) else { return }
      if watch.isGone { run.cancel() } else { watch.runs[ObjectIdentifier(run)] = run }
    }
  }

  /// Forgets a run that has ended.
  static func forget(_ run: PendingRun, on channel: any Channel) {
    channel.eventLoop.execute {
      let watch = try? channel.pipeline.syncOperations.handler(type: ClientWatch.self)
      watch?.runs[ObjectIdentifier(run)] = nil
    }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    if case .head(let head) = unwrapInboundIn(data), head.headerFields[.expect]?.lowercased() == "100-continue",
      head.headerFields[.contentLength].flatMap({ Int($0) }) ?? 0 <= limits.bodyBytes
    {
      context.writeAndFlush(wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
    }
    context.fireChannelRead(data)
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if let event = event as? ChannelEvent, event == .inputClosed { go() }
    context.fireUserInboundEventTriggered(event)
  }

  func channelInactive(context: ChannelHandlerContext) {
    go()
    answerTimer?.cancel()
    context.fireChannelInactive()
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    switch unwrapOutboundIn(data) {
    case .head(let head):
      closesAfterAnswer = head.headerFields[.connection] == "close"
      let channel = context.channel
      answerTimer = context.eventLoop.scheduleTask(in: .seconds(Int64(limits.bodySeconds))) {
        channel.close(promise: nil)
      }
    case .body: break
    case .end:
      let end = promise ?? context.eventLoop.makePromise()
      if let answerTimer { end.futureResult.whenComplete { _ in answerTimer.cancel() } }
      guard closesAfterAnswer else { return context.write(data, promise: end) }
      context.writeAndFlush(data, promise: end)
      // Closed as a whole at once, what the client still sends would reset the connection, and take the answer with it.
      context.close(mode: .output, promise: nil)
      let channel = context.channel
      context.eventLoop.scheduleTask(in: Self.lingering) { channel.close(promise: nil) }
      return
    }
    context.write(data, promise: promise)
  }

  private func go() {
    isGone = true
    for run in runs.values { run.cancel() }
    runs = [:]
  }
}
