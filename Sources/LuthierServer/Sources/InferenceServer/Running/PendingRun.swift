import Luthier
import NIOCore
import Synchronization

/// One request for tensors: answered once, by whoever comes first of the model, the deadline and a client that goes.
package final class PendingRun: Sendable {
  typealias Answer = Result<[TypedTensor], ServingError>

  private enum State {
    case open
    case waiting(CheckedContinuation<Answer, Never>)
    /// Answered; the answer is there until somebody asks for it.
    case answered(Answer?)
  }

  let inputs: [TypedTensor]
  /// What other requests have to have in common with this one to be joined with it; nil where none may.
  let kind: JoinKind?
  let rows: Int
  let arrival: NIODeadline
  let deadline: NIODeadline
  private let state = Mutex(State.open)

  init(inputs: [TypedTensor], kind: JoinKind?, deadline: NIODeadline) {
    self.inputs = inputs
    self.kind = kind
    self.deadline = deadline
    rows = kind == nil ? 1 : inputs.first.map { $0.shape[0] } ?? 1
    arrival = .now()
  }

  /// Whether nobody waits for a result any more.
  var isAnswered: Bool {
    state.withLock { if case .answered = $0 { true } else { false } }
  }

  /// Answers, unless that has been done.
  func answer(_ answer: Answer) {
    let waiting = state.withLock { state -> CheckedContinuation<Answer, Never>? in
      switch state {
      case .open:
        state = .answered(answer)
        return nil
      case .waiting(let continuation):
        state = .answered(nil)
        return continuation
      case .answered: return nil
      }
    }
    waiting?.resume(returning: answer)
  }

  /// Ends the wait: the client has gone.
  package func cancel() { answer(.failure(ServingError(.cancelled, "the client has gone"))) }

  /// Waits for the answer. To be called once.
  ///
  /// - Throws: ``ServingError``.
  func outputs() async throws(ServingError) -> [TypedTensor] {
    let answer = await withTaskCancellationHandler {
      await withCheckedContinuation { (continuation: CheckedContinuation<Answer, Never>) in
        let known = state.withLock { state -> Answer? in
          guard case .answered(let answer) = state else {
            state = .waiting(continuation)
            return nil
          }
          state = .answered(nil)
          return answer ?? .failure(ServingError(.failed, "the answer was taken twice"))
        }
        if let known { continuation.resume(returning: known) }
      }
    } onCancel: {
      cancel()
    }
    return try answer.get()
  }
}

/// What requests have in common that may be joined: all but the rows.
struct JoinKind: Hashable, Sendable {
  private let types: [ElementType]
  private let sizes: [[Int]]

  /// The kind of inputs that all have the same rows, at least one; nil of others.
  init?(_ inputs: [TypedTensor]) {
    guard let rows = inputs.first?.shape.dimensions.first, rows > 0,
      inputs.allSatisfy({ $0.shape.dimensions.first == rows })
    else { return nil }
    types = inputs.map(\.type)
    sizes = inputs.map { Array($0.shape.dimensions.dropFirst()) }
  }
}
