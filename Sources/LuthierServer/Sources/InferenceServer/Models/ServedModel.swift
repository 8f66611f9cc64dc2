import Luthier
import NIOCore

/// A version of a model that serves. It lives until its last request has been answered, whatever has taken its place by then.
package final class ServedModel: Sendable {
  package let source: ModelSource
  package let configuration: ModelConfiguration
  package let labels: Labels?
  package let inputs: [TensorPort]
  package let outputs: [TensorPort]
  package let picture: Result<PictureInput, any Error>
  package let kernels: [KernelUse]
  package let metrics: ModelMetrics
  package let queue: RunQueue

  package var name: String { source.name }
  package var version: String { "\(source.version)" }

  init(
    source: ModelSource, configuration: ModelConfiguration, labels: Labels?, model: any RunnableModel,
    metrics: ModelMetrics, makeQueue: (_ joins: Bool, _ run: @escaping RunQueue.Run) -> RunQueue
  ) {
    self.source = source
    self.configuration = configuration
    self.labels = labels
    self.metrics = metrics
    inputs = model.inputs
    outputs = model.outputs
    picture = model.picture
    kernels = model.kernels
    let joins = !inputs.isEmpty && inputs.allSatisfy(\.hasOpenRows) && outputs.allSatisfy(\.hasOpenRows)
    queue = makeQueue(joins) { try model.run($0) }
  }

  /// Runs the model for a client.
  ///
  /// - Parameters:
  ///   - inputs: by name, in any order.
  ///   - watching: is told of the run before anybody waits for it, and may cancel it.
  /// - Returns: all outputs, in the model's order.
  /// - Throws: ``ServingError``.
  package func infer(
    _ inputs: [(name: String, tensor: TypedTensor)], timeout: TimeAmount? = nil,
    watching: (PendingRun) -> Void = { _ in }
  ) async throws(ServingError) -> [TypedTensor] {
    let begin = NIODeadline.now()
    do throws(ServingError) {
      let run = try queue.submit(try ordered(inputs), timeout: timeout)
      watching(run)
      let outputs = try await run.outputs()
      metrics.requestTime.recordNanoseconds((NIODeadline.now() - begin).nanoseconds)
      metrics.count(nil)
      return outputs
    } catch {
      metrics.count(error)
      throw error
    }
  }

  /// The input of a name.
  ///
  /// - Throws: ``ServingError``.
  package func input(named name: String) throws(ServingError) -> TensorPort {
    guard let port = inputs.first(where: { $0.name == name }) else {
      throw .badRequest(
        "the model has no input \(name.quoted); it has \(inputs.map(\.name.quoted).joined(separator: ", "))")
    }
    return port
  }

  /// The positions of the outputs of the given names; of all where none is named.
  ///
  /// - Throws: ``ServingError``.
  package func outputIndices(named names: [String]) throws(ServingError) -> [Int] {
    guard !names.isEmpty else { return Array(outputs.indices) }
    var indices: [Int] = []
    for name in names {
      guard let index = outputs.firstIndex(where: { $0.name == name }) else {
        throw .badRequest(
          "the model has no output \(name.quoted); it has \(outputs.map(\.name.quoted).joined(separator: ", "))")
      }
      guard !indices.contains(index) else { throw .badRequest("output \(name.quoted) is asked for twice") }
      indices.append(index)
    }
    return indices
  }

  private func ordered(_ tensors: [(name: String, tensor: TypedTensor)]) throws(ServingError) -> [TypedTensor] {
    for (index, tensor) in tensors.enumerated() {
      _ = try input(named: tensor.name)
      guard !tensors[..<index].contains(where: { $0.name == tensor.name }) else {
        throw .badRequest("input \(tensor.name.quoted) is given twice")
      }
    }
    var result: [TypedTensor] = []
    for port in inputs {
      guard let tensor = tensors.first(where: { $0.name == port.name })?.tensor else {
        throw .badRequest("input \(port.name.quoted) is missing")
      }
      guard tensor.type == port.type ?? .f32, port.admits(tensor.shape) else {
        throw .badRequest(
          "input \(port.name.quoted) is \(port.wireType.rawValue) \(port.wireShape), but \(tensor.type.wireType.rawValue) \(tensor.shape.dimensions) was given"
        )
      }
      result.append(tensor)
    }
    return result
  }
}
