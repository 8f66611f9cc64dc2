extension Tensor {
  /// Equal shapes and equal bits, NaN included.
  public func hasSameBits(as other: Tensor) -> Bool {
    shape == other.shape
      && withElements { a in
        other.withElements { b in zip(a, b).allSatisfy { $0.bitPattern == $1.bitPattern } }
      }
  }
}
