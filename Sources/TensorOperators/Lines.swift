import LayerKernels

/// The lines of a tensor along one axis or along neighbouring axes.
struct Lines {
  /// How many positions lie before the axes, on a line, and between two neighbours of a line.
  let outer: Int
  let count: Int
  let inner: Int

  /// The lines of a shape along a range of its axes.
  init(_ shape: TensorShape, along axes: Range<Int>) {
    outer = shape.dimensions[..<axes.lowerBound].reduce(1, *)
    count = shape.dimensions[axes].reduce(1, *)
    inner = shape.dimensions[axes.upperBound...].reduce(1, *)
  }

  /// A tensor of floating-point numbers whose lines are changed one by one as 64-bit floats, each rounded once.
  ///
  /// - Parameter change: changes a line in place; its number counts lines in row-major order.
  @inline(__always)
  func changing(
    _ tensor: TypedTensor, _ change: (_ line: UnsafeMutableBufferPointer<Double>, _ number: Int) throws -> Void
  ) throws -> TypedTensor {
    guard tensor.type.isFloat else { throw OperatorError("its input is \(tensor.type), not floating-point") }
    if tensor.type == .f32 {
      var result = tensor
      try result.withMutableElements(as: Float.self) { elements throws in
        try forEach(in: elements, { Double($0) }, { Float($0) }, change)
      }
      return result
    }
    var values = tensor.doubles
    try values.withUnsafeMutableBufferPointer { try forEach(in: $0, { $0 }, { $0 }, change) }
    return try TypedTensor(tensor.type, shape: tensor.shape, doubles: values)
  }

  @inline(__always)
  private func forEach<Element>(
    in elements: UnsafeMutableBufferPointer<Element>, _ load: (Element) -> Double, _ store: (Double) -> Element,
    _ change: (UnsafeMutableBufferPointer<Double>, Int) throws -> Void
  ) throws {
    guard !elements.isEmpty else { return }
    var line = [Double](repeating: 0, count: count)
    try line.withUnsafeMutableBufferPointer { line in
      for number in 0..<outer * inner {
        let start = number / inner * count * inner + number % inner
        for index in 0..<count { line[index] = load(elements[start + index * inner]) }
        try change(line, number)
        for index in 0..<count { elements[start + index * inner] = store(line[index]) }
      }
    }
  }
}
