import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Sees a client go, and cancels the runs that it waited for.
///
/// It also says that a large body is welcome where a client asks before it sends one, and closes connections after answers that say so.
final class ClientWatch: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPRequestPart
  typealias InboundOut = HTTPRequestPart
  typealias OutboundIn = HTTPResponsePart
  typealias OutboundOut = HTTPResponsePart

  private let bodyLimit: Int
  private var runs: [ObjectIdentifier: PendingRun] = [:]
  private var isGone = false
  private var closesAfterAnswer = false

  /// How long a client has to read the last answer of a connection.
  private static let lingering = TimeAmount.seconds(2)

  init(bodyLimit: Int) { self.bodyLimit = bodyLimit }

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
      head.headerFields[.contentLength].flatMap({ Int($0) }) ?? 0 <= bodyLimit
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
    context.fireChannelInactive()
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    switch unwrapOutboundIn(data) {
    case .head(let head): closesAfterAnswer = head.headerFields[.connection] == "close"
    case .body: break
    case .end where closesAfterAnswer:
      context.writeAndFlush(data, promise: promise)
      // Closed as a whole at once, what the client still sends would reset the connection, and take the answer with it.
      context.close(mode: .output, promise: nil)
      let channel = context.channel
      context.eventLoop.scheduleTask(in: Self.lingering) { channel.close(promise: nil) }
      return
    case .end: break
    }
    context.write(data, promise: promise)
  }

  private func go() {
    isGone = true
    for run in runs.values { run.cancel() }
    runs = [:]
  }
}
