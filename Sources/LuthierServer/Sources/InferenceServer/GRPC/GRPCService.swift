import GRPCCore
import GRPCNIOTransportHTTP2Posix
import Logging
import NIOCore
import ServiceLifecycle
import Synchronization

/// The gRPC server as a part of the process: it ends when that ends, after the calls that it has begun.
struct GRPCService: Service {
  private let server: GRPCServer<HTTP2ServerTransport.Posix>
  private let port: Int
  private let onListening: @Sendable (Int) -> Void

  init(
    options: ServerOptions, port: Int, service: InferenceService, logger: Logger,
    onListening: @escaping @Sendable (Int) -> Void
  ) {
    let connections = ConnectionCount(limit: options.limits.connections)
    let config = HTTP2ServerTransport.Posix.Config.defaults { config in
      config.rpc.maxRequestPayloadSize = options.limits.bodyBytes
      config.connection.maxIdleTime = .seconds(options.limits.idleSeconds)
      config.http2.maxConcurrentStreams = 128
      // As much of a tensor at a time as travels well: the default asks the client to wait after each 64 KiB.
      config.http2.targetWindowSize = 1 << 20
      config.channelDebuggingCallbacks.onAcceptTCPConnection = { connections.accept($0) }
    }
    let security: HTTP2ServerTransport.Posix.TransportSecurity =
      if let files = options.tls {
        .tls(
          certificateChain: [.file(path: files.certificate, format: .pem)],
          privateKey: .file(path: files.key, format: .pem))
      } else { .plaintext }
    let address: GRPCNIOTransportHTTP2Posix.SocketAddress =
      options.host.contains(":")
      ? .ipv6(host: options.host, port: port) : .ipv4(host: options.numericHost, port: port)
    var interceptors: [any ServerInterceptor] = [LogInterceptor(logger: logger)]
    if let token = options.token { interceptors.append(TokenInterceptor(token: token)) }
    server = GRPCServer(
      transport: .http2NIOPosix(address: address, transportSecurity: security, config: config), services: [service],
      interceptors: interceptors)
    self.port = port
    self.onListening = onListening
  }

  func run() async throws {
    try await withGracefulShutdownHandler {
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          do { try await server.serve() } catch { throw PortError(error, port: port, option: "--grpc-port") ?? error }
        }
        if let address = try? await server.transport.listeningAddress {
          onListening(address.ipv4?.port ?? address.ipv6?.port ?? 0)
        }
        // Without an address, the task says why.
        try await group.waitForAll()
      }
    } onGracefulShutdown: {
      server.beginGracefulShutdown()
    }
  }
}

/// Counts connections, and closes those beyond a limit at once.
private final class ConnectionCount: Sendable {
  private let limit: Int
  private let count = Atomic(0)

  init(limit: Int) { self.limit = limit }

  func accept(_ channel: any Channel) -> EventLoopFuture<Void> {
    let (_, now) = count.wrappingAdd(1, ordering: .relaxed)
    channel.closeFuture.whenComplete { _ in self.count.wrappingSubtract(1, ordering: .relaxed) }
    return now > limit ? channel.close() : channel.eventLoop.makeSucceededVoidFuture()
  }
}
