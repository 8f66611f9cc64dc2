import LayerKernels

/// What is said once of a model, however many networks it is made of.
final class ModelNotice: Sendable {
  private let model: String
  private let isSaid = Lock(false)

  init(model: String) { self.model = model }

  /// Says it of the model, unless it has been said.
  func once(_ say: (String) -> Void) {
    let isFirst = isSaid.withLock { said -> Bool in
      defer { said = true }
      return !said
    }
    if isFirst { say(model) }
  }
}
