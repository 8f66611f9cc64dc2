import Logging
import Luthier

/// Loads models by the library, with what the server's options say for all of them.
package struct DeploymentLoader: Sendable {
  /// A tuned database for models whose configuration names none; nil for the library's default.
  package var profile: String?
  package var threads = 1
  package var logger = Logger(label: "luthier")

  package init() {}

  /// Loads a model, and plans it for the rows that requests are joined to.
  ///
  /// - Throws: what loading throws.
  package func load(_ source: ModelSource, _ configuration: ModelConfiguration) throws -> any RunnableModel {
    var deployment = Deployment()
    deployment.threads = configuration.threads ?? threads
    // The kernels of a compiled network are in its file, and its sizes too.
    if !source.isCompiled { deployment.profile = configuration.profile ?? profile }
    deployment.shapes = configuration.shapes
    deployment.logger = logger
    let model = LuthierModel(try deployment.loadModel(source.file, openSizes: .keptUnlessTold))
    if configuration.queue.joinedRows > 1 { plan(model, rows: configuration.queue.rowSizes) }
    return model
  }

  /// Runs a model whose only open size is the first, so that the first requests do not wait for it to be planned.
  private func plan(_ model: LuthierModel, rows: [Int]) {
    for count in rows {
      var inputs: [TypedTensor] = []
      for port in model.inputs {
        guard port.hasOpenRows, let type = port.type, let sizes = port.sizes else { return }
        let rest = sizes.dropFirst().compactMap { $0 }
        guard rest.count == sizes.count - 1, let shape = try? TensorShape([count] + rest) else { return }
        inputs.append(TypedTensor(type, shape: shape))
      }
      // What goes wrong with zeros may go well with what clients send; if not, they will be told.
      _ = try? model.run(inputs)
    }
  }
}
