import HTTPTypes
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import Logging
import NIOCore
import NIOPosix
import NIOSSL
import ServiceLifecycle
import UnixSignals

/// A server for the models of a folder, over HTTP and gRPC.
package struct InferenceServer: Sendable {
  /// The ports that are listened to.
  package struct Ports: Hashable, Sendable {
    package var http = 0
    package var grpc: Int?
  }

  private let options: ServerOptions
  private let logger: Logger
  private let loader: Repository.Loader

  package init(options: ServerOptions, logger: Logger, loader: @escaping Repository.Loader) {
    self.options = options
    self.logger = logger
    self.loader = loader
  }

  /// Loads the models, and serves until it is told to end; then answers what is under way.
  ///
  /// - Parameters:
  ///   - signals: whether SIGTERM and SIGINT end the server, and SIGHUP has it look at the folder again.
  ///   - onListening: is told of the ports when clients can come.
  /// - Throws: ``ModelFolderError``, or what binding to a port throws.
  package func run(signals: Bool, onListening: @escaping @Sendable (Ports) -> Void) async throws {
    let running = NIOThreadPool(numberOfThreads: options.workers)
    let loading = NIOThreadPool(numberOfThreads: 1)
    running.start()
    loading.start()
    // Nobody waits for a model that does not come to an end.
    defer {
      running.shutdownGracefully { _ in }
      loading.shutdownGracefully { _ in }
    }
    let metrics = PrometheusMetrics()
    let repository = Repository(
      folder: ModelFolder(path: options.models), profile: options.profile, defaults: options.queue, metrics: metrics,
      logger: logger,
      pool: running, loading: loading, loops: MultiThreadedEventLoopGroup.singleton, loader: loader)
    try await repository.refresh()

    let held = HeldBytes(limit: options.limits.heldBytes)
    let listening = Listening(expected: options.grpcPort == nil ? 1 : 2, onListening)
    var services: [any Service] = [
      try http(ServerRoutes(repository: repository, limits: options.limits, held: held, metrics: metrics), listening)
    ]
    if let port = options.grpcPort {
      services.append(
        GRPCService(
          options: options, port: port,
          service: InferenceService(repository: repository, limits: options.limits, held: held), logger: logger
        ) { listening.heard(grpc: $0) })
    }
    if signals { services.append(ReloadOnSignal(repository: repository, logger: logger)) }
    // The last one is the first to hear of the end.
    services.append(Readiness(repository: repository))
    var configuration = ServiceGroupConfiguration(
      services: services, gracefulShutdownSignals: signals ? [.sigterm, .sigint] : [], logger: logger)
    configuration.maximumGracefulShutdownDuration = .seconds(options.drainSeconds)
    do { try await ServiceGroup(configuration: configuration).run() } catch {
      throw PortError(error, port: options.port, option: "--port") ?? error
    }
    logger.notice("ended")
  }

  private func http(_ routes: ServerRoutes, _ listening: Listening) throws -> some Service {
    let limits = options.limits
    var server = HTTPServerBuilder.http1(
      configuration: .init(
        additionalChannelHandlers: [ClientWatch(limits: limits)],
        idleTimeout: .seconds(Int64(limits.idleSeconds)),
        httpDecoderConfiguration: .init(
          maxHeaderFieldSize: limits.headerBytes, maxHeaderListSize: limits.headerBytes, maxHeaderFieldCount: 128)))
    if let tls = options.tls { server = try .tls(server, tlsConfiguration: try Self.tlsConfiguration(tls)) }
    return Application(
      router: routes.router(token: options.token), server: server,
      configuration: ApplicationConfiguration(
        address: .hostname(options.host, port: options.port), serverName: ServerIdentity.name,
        availableConnectionsDelegate: MaximumAvailableConnections(limits.connections)),
      onServerRunning: { listening.heard(http: $0.localAddress?.port ?? 0) }, logger: logger)
  }

  private static func tlsConfiguration(_ files: (certificate: String, key: String)) throws -> TLSConfiguration {
    var configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: try NIOSSLCertificate.fromPEMFile(files.certificate).map { .certificate($0) },
      privateKey: .privateKey(try NIOSSLPrivateKey(file: files.key, format: .pem)))
    configuration.minimumTLSVersion = .tlsv12
    return configuration
  }
}
