import Logging
import ServiceLifecycle
import Synchronization
import UnixSignals

/// Says when all ports are listened to.
final class Listening: Sendable {
  private struct State {
    var ports = InferenceServer.Ports()
    var missing: Int
  }

  private let state: Mutex<State>
  private let onListening: @Sendable (InferenceServer.Ports) -> Void

  init(expected: Int, _ onListening: @escaping @Sendable (InferenceServer.Ports) -> Void) {
    state = Mutex(State(missing: expected))
    self.onListening = onListening
  }

  func heard(http: Int? = nil, grpc: Int? = nil) {
    let ports = state.withLock { state -> InferenceServer.Ports? in
      if let http { state.ports.http = http }
      if let grpc { state.ports.grpc = grpc }
      state.missing -= 1
      return state.missing == 0 ? state.ports : nil
    }
    if let ports { onListening(ports) }
  }
}

/// Takes the server out of service before its connections end.
struct Readiness: Service {
  let repository: Repository

  func run() async throws {
    try? await gracefulShutdown()
    repository.close()
  }
}

/// Looks at the folder of models again when SIGHUP asks for it.
struct ReloadOnSignal: Service {
  let repository: Repository
  let logger: Logger

  func run() async throws {
    let signals = await UnixSignalsSequence(trapping: .sighup)
    for await _ in signals.cancelOnGracefulShutdown() {
      do { try await repository.refresh() } catch {
        logger.error("the models stay as they are", metadata: ["reason": "\(error)"])
      }
    }
  }
}
