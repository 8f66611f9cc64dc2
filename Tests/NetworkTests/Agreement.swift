import Luthier

extension KernelRegistry {
  /// The standard kernels; a registry without kernels, which fails every test, where they cannot be had.
  static let standardForTests = (try? KernelRegistry.standard()) ?? KernelRegistry()
}

extension Tensor {
  /// The largest difference over the largest magnitude of the expected tensor; infinite for other shapes or NaN.
  func relativeDifference(from expected: Tensor) -> Float {
    guard shape == expected.shape else { return .infinity }
    let magnitude = expected.elements.reduce(0) { max($0, $1.magnitude) }
    var largest: Float = 0
    for (a, b) in zip(elements, expected.elements) {
      let difference = (a - b).magnitude
      guard difference.isFinite else { return .infinity }
      largest = max(largest, difference)
    }
    return largest == 0 ? 0 : largest / magnitude
  }
}
