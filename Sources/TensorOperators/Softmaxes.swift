import LayerKernels
import RealModule

/// Softmax, its logarithm and its limit; before opset 13 all axes from the given one on are one line.
extension TensorOperatorRegistry {
  mutating func registerSoftmaxes() {
    register("Softmax", types: TypeRules.sameAsInput) { call in
      let input = try call.required(0)
      return [try SoftmaxLine.lines(input.shape, call).changing(input) { line, _ in SoftmaxLine.softmax(line) }]
    }
    register("LogSoftmax", types: TypeRules.sameAsInput) { call in
      let input = try call.required(0)
      return [try SoftmaxLine.lines(input.shape, call).changing(input) { line, _ in SoftmaxLine.logSoftmax(line) }]
    }
    register("Hardmax", types: TypeRules.sameAsInput) { call in
      let input = try call.required(0)
      return [try SoftmaxLine.lines(input.shape, call).changing(input) { line, _ in SoftmaxLine.hardmax(line) }]
    }
  }
}

/// One line of a softmax.
enum SoftmaxLine {
  /// The lines that a version of the operator means.
  static func lines(_ shape: TensorShape, _ call: OperatorCall) throws(OperatorError) -> Lines {
    try lines(shape, axis: call.attributes.integer("axis"), opset: call.opset)
  }

  /// The lines that a version of the operator means by an axis.
  static func lines(_ shape: TensorShape, axis: Int?, opset: Int) throws(OperatorError) -> Lines {
    if opset < 13 {
      let first = try (axis ?? 1).axis(rank: shape.rank)
      return Lines(shape, along: first..<shape.rank)
    }
    let axis = try (axis ?? -1).axis(rank: shape.rank)
    return Lines(shape, along: axis..<axis + 1)
  }

  @inline(__always) static func softmax(_ line: UnsafeMutableBufferPointer<Double>) {
    let top = greatest(line)
    var sum = 0.0
    for index in line.indices {
      line[index] = .exp(line[index] - top)
      sum += line[index]
    }
    for index in line.indices { line[index] /= sum }
  }

  @inline(__always) static func logSoftmax(_ line: UnsafeMutableBufferPointer<Double>) {
    let top = greatest(line)
    var sum = 0.0
    for value in line { sum += .exp(value - top) }
    let logarithm = Double.log(sum)
    for index in line.indices { line[index] = line[index] - top - logarithm }
  }

  /// What is not a number is the largest, as of ArgMax.
  static func hardmax(_ line: UnsafeMutableBufferPointer<Double>) {
    var best = 0
    for index in line.indices where line[index] > line[best] || line[index].isNaN && !line[best].isNaN { best = index }
    for index in line.indices { line[index] = index == best ? 1 : 0 }
  }

  @inline(__always) private static func greatest(_ line: UnsafeMutableBufferPointer<Double>) -> Double {
    var greatest = -Double.infinity
    for value in line where value > greatest { greatest = value }
    return greatest
  }
}
