import ONNXModel

extension Deployment {
  /// Whether all runs of a model have the same sizes.
  func areFixed(_ openSizes: OpenSizes, in file: ONNXModel) -> Bool {
    switch openSizes {
    case .fixed: true
    case .kept: file.inputs.allSatisfy { $0.sizes?.allSatisfy { $0 != nil } ?? false }
    case .keptUnlessTold: file.inputs.allSatisfy(isTold)
    }
  }

  /// Whether the file or this deployment says every size of an input.
  private func isTold(_ input: ONNXModel.Port) -> Bool {
    if shapes[input.name] != nil { return true }
    guard let sizes = input.sizes else { return false }
    return sizes.enumerated().allSatisfy { axis, size in
      if size != nil { return true }
      if axis == 0 { return batch != nil }
      return sizes.count == 4 && axis >= 2 && inputSize != nil
    }
  }

  /// Checks that ``shapes`` speaks of inputs that there are and says no other size than the file does.
  ///
  /// - Throws: ``ModelInputError`` that names the input and both shapes.
  func checkShapes(of file: ONNXModel) throws(ModelInputError) {
    for (name, shape) in shapes.sorted(by: { $0.key < $1.key }) {
      guard let input = file.inputs.first(where: { $0.name == name }) else {
        throw .unknown(name: name, known: file.inputs.map(\.name))
      }
      guard let sizes = input.sizes else { continue }
      guard sizes.count == shape.count, zip(sizes, shape).allSatisfy({ $0 == nil || $0 == $1 }) else {
        throw .mismatch(
          name: name, expected: sizes.map { $0.map(String.init) ?? "?" }.joined(separator: "x"),
          found: shape.map(String.init).joined(separator: "x"))
      }
    }
  }
}
