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
      return inputSize != nil && input.spatialAxes?.contains(axis) ?? false
    }
  }
}
