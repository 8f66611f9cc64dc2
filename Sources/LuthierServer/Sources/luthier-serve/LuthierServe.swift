import ArgumentParser
import Foundation
import InferenceServer
import Logging
import NIOCore

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// `luthier-serve`: models of a folder over HTTP and gRPC.
@main
struct LuthierServe: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "luthier-serve",
    abstract: "Serve the models of a folder by the Open Inference Protocol, over HTTP and gRPC.",
    discussion: """
      The folder holds NAME/VERSION/model.onnx, NAME/model.onnx or NAME.onnx, or compiled networks (.luthier) of these names, and \
      a config.json where something is to be said of a model. SIGHUP looks at it again, SIGTERM answers what is under way and ends.
      """,
    version: "luthier-serve \(ServerIdentity.version)")

  @Argument(help: "The folder of models.")
  var models: String

  @Option(help: "The address to listen to, in numbers; others than this machine reach 0.0.0.0.")
  var host = "127.0.0.1"

  @Option(help: "The port of HTTP; 0 for any that is free.")
  var port = 8000

  @Option(help: "The port of gRPC; 0 for any that is free.")
  var grpcPort = 8001

  @Flag(name: .customLong("no-grpc"), help: "Serve HTTP only.")
  var isWithoutGRPC = false

  @Option(help: "A tuned database for models whose config.json names none.")
  var profile: String?

  @Option(help: "Threads that run one model.")
  var threads = 1

  @Option(help: "Runs at the same time, of all models together. By default as many as there are cores.")
  var workers: Int?

  @Option(help: "Runs of one model at the same time.")
  var instances = 1

  @Option(help: "Requests are joined up to so many rows, where a model leaves them open; 1 joins none.")
  var maxBatch = 1

  @Option(help: "Milliseconds that a request waits for others to be joined with.")
  var maxWait = 2.0

  @Option(help: "Requests that may wait for one model; beyond it clients are told to come again.")
  var queue = 64

  @Option(help: "Milliseconds that a request may take.")
  var timeout = 60_000

  @Option(help: "A file with the token that clients have to show. The variable LUTHIER_SERVE_TOKEN does, too.")
  var tokenFile: String?

  @Option(help: "A PEM file with the certificate chain: the server speaks TLS.")
  var tlsCertificate: String?

  @Option(help: "A PEM file with the certificate's key.")
  var tlsKey: String?

  @Option(help: "The most bytes of a request's body.")
  var maxBody = ServerLimits().bodyBytes

  @Option(help: "The most bytes of a request's JSON.")
  var maxJson = ServerLimits().jsonBytes

  @Option(help: "The most elements of a tensor.")
  var maxElements = ServerLimits().tensorElements

  @Option(help: "The most bytes of bodies at the same time.")
  var maxHeldBytes = ServerLimits().heldBytes

  @Option(help: "The most connections at the same time, of HTTP and of gRPC each.")
  var maxConnections = ServerLimits().connections

  @Option(help: "Seconds for a request's body to come, and for an answer to be taken.")
  var bodyTimeout = ServerLimits().bodySeconds

  @Option(help: "Seconds after which a connection without a request is closed.")
  var idleTimeout = ServerLimits().idleSeconds

  @Option(help: "Seconds for answers that are under way when the server is to end.")
  var drain = 30

  @Option(help: "The least of the lines that are logged: trace, debug, info, notice, warning, error.")
  var logLevel = Logger.Level.notice

  @Option(help: "Lines of log as text or json.")
  var logFormat = LogFormat.text

  enum LogFormat: String, ExpressibleByArgument { case text, json }

  func validate() throws {
    func check(_ option: String, _ value: Int, _ allowed: ClosedRange<Int>) throws {
      guard allowed.contains(value) else {
        throw ValidationError("\(option) is \(value); allowed are \(allowed.lowerBound) to \(allowed.upperBound).")
      }
    }
    try check("--port", port, 0...65_535)
    try check("--grpc-port", grpcPort, 0...65_535)
    try check("--threads", threads, 1...1024)
    try check("--workers", workers ?? 1, 1...1024)
    try check("--instances", instances, 1...256)
    try check("--max-batch", maxBatch, 1...128)
    try check("--queue", queue, 1...100_000)
    try check("--timeout", timeout, 1...86_400_000)
    // The largest message of gRPC is below 2 GiB.
    try check("--max-body", maxBody, 1...(1 << 31) - 1)
    try check("--max-json", maxJson, 1...(1 << 31) - 1)
    try check("--max-elements", maxElements, 1...(1 << 31) - 1)
    try check("--max-held-bytes", maxHeldBytes, 1...1 << 50)
    try check("--max-connections", maxConnections, 1...1_000_000)
    try check("--body-timeout", bodyTimeout, 1...86_400)
    try check("--idle-timeout", idleTimeout, 1...86_400)
    try check("--drain", drain, 0...86_400)
    guard (0...10_000).contains(maxWait) else {
      throw ValidationError("--max-wait is \(maxWait); allowed are 0 to 10000.")
    }
    guard (tlsCertificate == nil) == (tlsKey == nil) else {
      throw ValidationError("--tls-certificate and --tls-key go together.")
    }
    guard host == "localhost" || (try? SocketAddress(ipAddress: host, port: 0)) != nil else {
      throw ValidationError("--host is '\(host)'; give an address in numbers, or localhost.")
    }
  }

  func run() async throws {
    signal(SIGPIPE, SIG_IGN)
    let (format, level) = (logFormat, logLevel)
    let logger = Logger(label: "luthier-serve") { label in
      var handler: any LogHandler =
        format == .json ? JSONLogHandler(label: label) : StreamLogHandler.standardError(label: label)
      handler.logLevel = level
      return handler
    }
    do { try await serve(logger) } catch {
      // The parser would print its own form.
      FileHandle.standardError.write(Data("error: \(error)\n".utf8))
      throw ExitCode(Self.status(of: error))
    }
    // A run that does not come to an end does not hold up the process.
    Self.exit()
  }

  private func serve(_ logger: Logger) async throws {
    let options = try options()
    if options.isOpenToOthers, options.token == nil {
      logger.warning("whoever reaches \(host) can run, load and unload models: --token-file asks for a token")
    }
    if options.token != nil, options.tls == nil, options.isOpenToOthers {
      logger.warning("the token travels in plain text: --tls-certificate and --tls-key encrypt it")
    }
    var loader = DeploymentLoader()
    loader.profile = profile
    loader.threads = threads
    loader.logger = logger
    let server = InferenceServer(options: options, logger: logger) { [loader] in try loader.load($0, $1) }
    let scheme = options.tls == nil ? "http" : "https"
    let shownHost = host.contains(":") ? "[\(host)]" : host
    try await server.run(signals: true) { ports in
      let grpc = ports.grpc.map { " and grpc://\(shownHost):\($0)" } ?? ""
      FileHandle.standardError.write(Data("serving at \(scheme)://\(shownHost):\(ports.http)\(grpc)\n".utf8))
    }
  }

  private func options() throws -> ServerOptions {
    var options = ServerOptions(models: models)
    options.host = host
    options.port = port
    options.grpcPort = isWithoutGRPC ? nil : grpcPort
    options.profile = profile
    options.token = try token()
    if let tlsCertificate, let tlsKey {
      for path in [tlsCertificate, tlsKey] where !FileManager.default.isReadableFile(atPath: path) {
        throw ServeError.unreadable(path: path)
      }
      options.tls = (tlsCertificate, tlsKey)
    }
    options.limits.bodyBytes = maxBody
    options.limits.jsonBytes = maxJson
    options.limits.tensorElements = maxElements
    options.limits.heldBytes = maxHeldBytes
    options.limits.connections = maxConnections
    options.limits.bodySeconds = bodyTimeout
    options.limits.idleSeconds = idleTimeout
    options.queue.joinedRows = maxBatch
    options.queue.wait = .nanoseconds(Int64(maxWait * 1e6))
    options.queue.capacity = queue
    options.queue.runsAtOnce = instances
    options.queue.timeout = .milliseconds(Int64(timeout))
    options.workers = workers ?? max(ProcessInfo.processInfo.activeProcessorCount, 1)
    options.drainSeconds = drain
    return options
  }

  private func token() throws -> BearerToken? {
    let text: String
    let place: String
    if let tokenFile {
      guard let file = try? String(contentsOfFile: tokenFile, encoding: .utf8) else {
        throw ServeError.unreadable(path: tokenFile)
      }
      (text, place) = (file.trimmingCharacters(in: .whitespacesAndNewlines), tokenFile)
    } else if let variable = ProcessInfo.processInfo.environment["LUTHIER_SERVE_TOKEN"] {
      (text, place) = (variable, "LUTHIER_SERVE_TOKEN")
    } else {
      return nil
    }
    guard let token = BearerToken(text) else { throw ServeError.token(place: place) }
    return token
  }

  private static func status(of error: any Error) -> Int32 {
    switch error {
    case is ModelFolderError, ServeError.unreadable: 66
    case ServeError.token: 64
    // EX_UNAVAILABLE: what it needs is taken.
    case is PortError: 69
    default: 70
    }
  }
}

extension Logger.Level: @retroactive ExpressibleByArgument {}

/// Why the server does not start.
enum ServeError: Error, CustomStringConvertible {
  case unreadable(path: String)
  case token(place: String)

  var description: String {
    switch self {
    case .unreadable(let path): "\(path) cannot be read"
    case .token(let place):
      "the token in \(place) is no word of at least \(BearerToken.minimumLength) printable characters; 'openssl rand -hex 32' makes one"
    }
  }
}
