/// What one client may ask of the server.
package struct ServerLimits: Hashable, Sendable {
  /// The most bytes of a request's body.
  package var bodyBytes = 64 << 20
  /// The most bytes of the JSON of a request: it takes many times its size while it is read.
  package var jsonBytes = 16 << 20
  /// The most bytes of all fields of a request's head.
  package var headerBytes = 32 << 10
  /// The most elements of a tensor.
  package var tensorElements = 64 << 20
  /// The most bytes of bodies that are held at the same time; requests beyond it are answered with 503.
  package var heldBytes = 512 << 20
  /// The most connections at the same time, of HTTP and of gRPC each.
  package var connections = 512
  /// Seconds in which a request's body has to be there, and an answer taken.
  package var bodySeconds = 60
  /// Seconds after which a connection without a whole request is closed.
  package var idleSeconds = 60

  package init() {}
}
