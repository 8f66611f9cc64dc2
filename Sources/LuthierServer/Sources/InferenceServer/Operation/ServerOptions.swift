import NIOCore

/// What a server is started with.
package struct ServerOptions: Sendable {
  /// The folder of models.
  package var models: String
  /// The address that is listened to: of this machine only, unless told.
  package var host = "127.0.0.1"
  /// The port of HTTP; 0 for any that is free.
  package var port = 8000
  /// The port of gRPC; nil for none, 0 for any that is free.
  package var grpcPort: Int? = 8001
  /// A tuned database for models whose configuration names none; nil for the library's default.
  package var profile: String?
  /// What clients have to show; nil for nothing.
  package var token: BearerToken?
  /// PEM files for TLS; nil for plain text.
  package var tls: (certificate: String, key: String)?
  package var limits = ServerLimits()
  /// How requests for a model wait and run, where its configuration does not say.
  package var queue = QueueSettings()
  /// Threads that run models, of all models together.
  package var workers = 2
  /// How long answers that are under way may take when the server is to end.
  package var drainSeconds = 30

  package init(models: String) { self.models = models }

  /// The address in numbers.
  var numericHost: String { host == "localhost" ? "127.0.0.1" : host }

  /// Whether others than this machine reach the server.
  package var isOpenToOthers: Bool { !(host == "localhost" || host.hasPrefix("127.") || host == "::1") }
}
