import Foundation
import Testing
import Luthier

/// One case of ONNX's own test suite: a model, its inputs and the outputs that are expected.
struct ConformanceCase: CustomTestStringConvertible, Sendable {
  let folder: URL

  var testDescription: String { folder.lastPathComponent }

  /// What came of it.
  enum Outcome {
    case passed
    case failed(String)
    case notClaimed(String)
  }

  /// Every case of a part of the suite, alphabetically; empty where the suite is not installed.
  static func all(_ part: String) -> [ConformanceCase] {
    let root = URL(fileURLWithPath: "/usr/share/libonnx-testdata/data/\(part)")
    let names = (try? FileManager.default.contentsOfDirectory(atPath: root.path)) ?? []
    return names.sorted().map { ConformanceCase(folder: root.appendingPathComponent($0)) }
  }

  func run(_ registry: KernelRegistry) -> Outcome {
    let path = folder.appendingPathComponent("model.onnx").path
    let model: ONNXModel
    do {
      model = try ONNXModel(contentsOf: path)
    } catch { return claimed(by: error) }
    let unknown = Set(model.operatorNames).subtracting(ONNXOperatorRegistry.standard.operatorNames)
    guard unknown.isEmpty else { return .notClaimed("operators \(unknown.sorted().joined(separator: ", "))") }
    let sets = ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).filter {
      $0.hasPrefix("test_data_set_")
    }
    for set in sets.sorted() {
      let outcome = run(model, folder.appendingPathComponent(set), registry)
      guard case .passed = outcome else { return outcome }
    }
    return sets.isEmpty ? .failed("it has no data") : .passed
  }

  private func run(_ model: ONNXModel, _ data: URL, _ registry: KernelRegistry) -> Outcome {
    do {
      guard model.inputs.first?.isFloat ?? true else { return .notClaimed("an input that is no tensor of floats") }
      var tensors: [String: Tensor] = [:]
      for (index, input) in model.inputs.enumerated() {
        tensors[input.name] = try TensorFile.read(data.appendingPathComponent("input_\(index).pb").path)
      }
      // Weights and shapes are graph inputs in these cases: integers are constants, and floats where an operator needs that.
      var fixed = tensors.filter { entry in model.inputs.contains { $0.name == entry.key && !$0.isFloat } }
      var graph: Graph
      let shapes = tensors.mapValues(\.shape.dimensions)
      do {
        graph = try model.graph(shapes: shapes, constants: fixed)
      } catch {
        guard case .unsupported = error else { throw error }
        fixed = tensors.filter { $0.key != model.inputs.first?.name }
        graph = try model.graph(shapes: shapes, constants: fixed)
      }
      let network = try CompiledNetwork(graph, registry: registry)
      let results = try network.run(network.inputs.compactMap { tensors[$0.name] })
      for (index, result) in results.enumerated() {
        let expected = try TensorFile.read(data.appendingPathComponent("output_\(index).pb").path)
        guard result.shape == expected.shape else { return .failed("shape \(result.shape), not \(expected.shape)") }
        for (a, b) in zip(result.elements, expected.elements) {
          guard (a - b).magnitude <= 1e-5 + 1e-3 * b.magnitude || a == b || a.isNaN && b.isNaN else {
            return .failed("\(a) where \(b) is expected")
          }
        }
      }
      return .passed
    } catch let error as ONNXError { return claimed(by: error) } catch { return .failed("\(error)") }
  }

  private func claimed(by error: ONNXError) -> Outcome {
    switch error {
    case .unsupported(_, _, _, let reason): .notClaimed(reason)
    case .tensor(_, let reason) where reason.contains("not supported"): .notClaimed(reason)
    default: .failed("\(error)")
    }
  }
}
