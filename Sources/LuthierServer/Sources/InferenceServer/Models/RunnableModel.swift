import Luthier

/// A model that is ready to run, as the server needs it.
package protocol RunnableModel: Sendable {
  var inputs: [TensorPort] { get }
  var outputs: [TensorPort] { get }
  /// Runs once; called by any number of threads at the same time.
  func run(_ inputs: [TypedTensor]) throws -> [TypedTensor]
  /// The one picture that the model takes, or why it takes none.
  var picture: Result<PictureInput, any Error> { get }
  /// How many layers run which kernels, and where the choice came from; empty where that is not known.
  var kernels: [KernelUse] { get }
}

/// A kernel that a model runs.
package struct KernelUse: Hashable, Sendable, Encodable {
  package let kernel: String
  /// Where the choice came from: `tuned`, `profile`, `nearest`, `heuristic` or `forced`.
  package let origin: String
  package let layers: Int

  static let origins = ["tuned", "profile", "nearest", "heuristic", "forced"]
}

/// A model that the library loaded.
struct LuthierModel: RunnableModel {
  let model: LoadedModel
  let inputs: [TensorPort]
  let outputs: [TensorPort]
  let picture: Result<PictureInput, any Error>
  let kernels: [KernelUse]

  init(_ model: LoadedModel) {
    self.model = model
    inputs = model.inputs.map { TensorPort($0.name, $0.type, $0.sizes) }
    outputs = model.outputs.map { TensorPort($0.name, $0.type, $0.sizes) }
    picture = Result { try PictureInput(of: model) }
    kernels = Self.kernels(of: model)
  }

  func run(_ inputs: [TypedTensor]) throws -> [TypedTensor] { try model.run(inputs) }

  private static func kernels(of model: LoadedModel) -> [KernelUse] {
    var counts: [[String]: Int] = [:]
    for layer in model.wholeNetwork?.layers ?? [] {
      counts[[layer.choice.candidate.kernel.name, layer.choice.source.word], default: 0] += 1
    }
    return counts.map { KernelUse(kernel: $0.key[0], origin: $0.key[1], layers: $0.value) }
      .sorted { ($1.layers, $0.kernel) < ($0.layers, $1.kernel) }
  }
}

extension LayerChoice.Source {
  /// One word: paths of databases are nothing for clients.
  fileprivate var word: String {
    switch self {
    case .forced: "forced"
    case .profile: "profile"
    case .tuned: "tuned"
    case .nearest: "nearest"
    case .heuristic: "heuristic"
    }
  }
}
