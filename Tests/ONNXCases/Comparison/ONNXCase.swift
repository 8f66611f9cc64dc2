import Foundation
import Luthier

/// A case as ONNX keeps them: a folder with `model.onnx` and folders of inputs and expected outputs.
public struct ONNXCase: Sendable {
  /// What came of a case.
  public enum Outcome: Sendable {
    /// Every output has the expected type, shape and elements.
    case passed
    /// The model ran, and an output is another.
    case failed(String)
    /// The model was refused, with the reason.
    case refused(String)
  }

  /// The folder's name.
  public let name: String
  private let folder: URL

  /// The case in a folder.
  public init(_ folder: URL) {
    self.folder = folder.resolvingSymlinksInPath()
    name = folder.lastPathComponent
  }

  /// The cases in the folders below another, by name.
  public static func all(in folder: URL) throws -> [ONNXCase] {
    try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
      .filter { FileManager.default.fileExists(atPath: $0.appendingPathComponent("model.onnx").path) }
      .map { ONNXCase($0) }.sorted { $0.name < $1.name }
  }

  /// Runs the model on every set of inputs.
  ///
  /// - Parameters:
  ///   - relative: how far a float may be from the expected one, relative to that.
  ///   - absolute: how far it may be besides.
  ///   - ofLargest: how far it may be besides, relative to the largest element that is expected.
  public func run(
    _ deployment: Deployment, relative: Double = 1e-3, absolute: Double = 1e-7, ofLargest: Double = 0
  ) -> Outcome {
    do {
      let model = try deployment.loadModel(folder.appendingPathComponent("model.onnx").path)
      for set in try sets() {
        let results = try model.run(try tensors(in: set, prefix: "input"))
        let expected = try tensors(in: set, prefix: "output")
        guard !expected.isEmpty else { return .failed("it ran, but is to be refused") }
        for (index, (result, tensor)) in zip(results, expected).enumerated() {
          let largest = tensor.type.isFloat ? tensor.doubles.map(\.magnitude).filter(\.isFinite).max() ?? 0 : 0
          if let difference = difference(
            result, tensor, relative: relative, absolute: absolute + ofLargest * largest)
          {
            return .failed("output \(index): \(difference)")
          }
        }
      }
      return .passed
    } catch { return .refused("\(error)") }
  }

  private func sets() throws -> [URL] {
    let inside = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
      .filter { $0.lastPathComponent.hasPrefix("test_data_set_") }
      .sorted { $0.lastPathComponent < $1.lastPathComponent }
    return inside.isEmpty ? [folder] : inside
  }

  private func tensors(in set: URL, prefix: String) throws -> [TypedTensor] {
    var tensors: [TypedTensor] = []
    while true {
      let path = set.appendingPathComponent("\(prefix)_\(tensors.count).pb").path
      guard FileManager.default.fileExists(atPath: path) else { return tensors }
      tensors.append(try TensorFile.readTyped(path))
    }
  }

  private func difference(
    _ found: TypedTensor, _ expected: TypedTensor, relative: Double, absolute: Double
  ) -> String? {
    guard found.type == expected.type, found.shape == expected.shape else {
      return "it is \(found.type) \(found.shape), expected is \(expected.type) \(expected.shape)"
    }
    guard found.type.isFloat else {
      guard let index = zip(found.integers, expected.integers).enumerated().first(where: { $1.0 != $1.1 }) else {
        return nil
      }
      return "element \(index.offset) is \(index.element.0), expected is \(index.element.1)"
    }
    for (index, (a, b)) in zip(found.doubles, expected.doubles).enumerated()
    where !(a == b || a.isNaN && b.isNaN || abs(a - b) <= absolute + relative * abs(b)) {
      return "element \(index) is \(a), expected is \(b)"
    }
    return nil
  }
}
