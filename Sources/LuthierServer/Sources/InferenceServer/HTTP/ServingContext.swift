import Hummingbird
import NIOCore

/// What a request's handlers share.
package struct ServingContext: RequestContext {
  package var coreContext: CoreRequestContextStorage
  /// The client's connection.
  let channel: any Channel

  package init(source: ApplicationRequestContextSource) {
    coreContext = .init(source: source)
    channel = source.channel
  }
}
