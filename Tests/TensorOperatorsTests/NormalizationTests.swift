import LayerKernels
import TensorOperators
import Testing

// The right values are ONNX Runtime's.
@Suite("Normalizations and losses")
struct NormalizationTests {
  private func pictures() throws -> TypedTensor { try .floats([2, 3], [1, 2, 3, 4, 6, 8]) }
  private func ramp(_ count: Int) throws -> TypedTensor { try .floats([count], (1...count).map(Float.init)) }

  @Test("LayerNormalization gives the mean and the inverse deviation, too")
  func layer() throws {
    let outputs = try StandardOperatorRun.outputs(
      "LayerNormalization", opset: 17, [pictures(), ramp(3), .floats([3], [0.5, 0, -1])], outputCount: 3)
    #expect(areNear(outputs[0], [-0.7247356, 0, 2.6742067, -0.72474265, 0, 2.674228]))
    #expect(areNear(outputs[1], [2, 6]))
    #expect(areNear(outputs[2], [1.2247356, 0.6123713]))
    #expect(TensorType(outputs[1]).description == "f32 2x1")
    #expect(throws: OperatorError.self) {
      try StandardOperatorRun.output("LayerNormalization", opset: 17, [pictures(), ramp(2)])
    }
  }

  @Test("BatchNormalization that trains uses the batch and moves the running statistics")
  func batch() throws {
    let outputs = try StandardOperatorRun.outputs(
      "BatchNormalization", opset: 15,
      [pictures(), ramp(3), .floats([3], [0, 1, 2]), .floats([3], [1, 1, 1]), .floats([3], [2, 2, 2])],
      ["training_mode": .integer(1), "momentum": .float(0.5)], outputCount: 3)
    #expect(areNear(outputs[0], [-0.99999774, -0.9999975, -0.99999785, 0.99999785, 2.9999974, 4.9999976]))
    #expect(areNear(outputs[1], [1.75, 2.5, 3.25]))
    #expect(areNear(outputs[2], [2.125, 3, 4.125]))
    let test = try StandardOperatorRun.output(
      "BatchNormalization", opset: 7,
      [pictures(), ramp(3), .floats([3], [0, 1, 2]), .floats([3], [1, 1, 1]), .floats([3], [4, 4, 4])],
      ["epsilon": .float(0)])
    #expect(areNear(test, [0, 2, 5, 1.5, 6, 12.5]))
  }

  @Test("GroupNormalization has a scale for each group before opset 21, for each channel since")
  func groups() throws {
    let input = try TypedTensor.floats([1, 4, 2], (0..<8).map(Float.init))
    let attributes = ["num_groups": OperatorAttributes.Value.integer(2)]
    let old = try StandardOperatorRun.output(
      "GroupNormalization", opset: 18, [input, ramp(2), .floats([2], [0, 1])], attributes)
    #expect(
      areNear(old, [-1.3416355, -0.44721183, 0.44721183, 1.3416355, -1.6832709, 0.10557634, 1.8944237, 3.683271]))
    let new = try StandardOperatorRun.output(
      "GroupNormalization", opset: 21, [input, ramp(4), .floats([4], [0, 1, 2, 3])], attributes)
    #expect(
      areNear(new, [-1.3416355, -0.44721183, 1.8944237, 3.683271, -2.0249062, 0.65836453, 4.7888474, 8.366542]))
    #expect(throws: OperatorError("the channels of 1x4x2 cannot be divided into 3 groups")) {
      try StandardOperatorRun.output(
        "GroupNormalization", opset: 21, [input, ramp(4), ramp(4)], ["num_groups": .integer(3)])
    }
  }

  @Test("LRN sums squares in a window of channels, of any width")
  func response() throws {
    let input = try ramp(5).reshaped(to: TensorShape([1, 5, 1, 1]))
    let attributes = ["alpha": OperatorAttributes.Value.float(0.3), "beta": .float(0.5), "size": .integer(3)]
    let output = try StandardOperatorRun.output("LRN", opset: 13, [input], attributes)
    #expect(areNear(output, [0.81649655, 1.2909944, 1.519109, 1.6329931, 2.2140372]))
    let widest = attributes.merging(["size": .integer(.max)]) { $1 }
    #expect(areNear(try StandardOperatorRun.output("LRN", opset: 13, [input], widest), [1, 2, 3, 4, 5]))
  }

  @Test("a length of 0 stays 0")
  func length() throws {
    let output = try StandardOperatorRun.output("LpNormalization", opset: 22, [.floats([2, 2], [3, -4, 0, 0])])
    #expect(areNear(output, [0.6, -0.8, 0, 0]))
  }

  @Test("a loss is weighted by class, and a class that does not exist is an error")
  func loss() throws {
    let classes = try TypedTensor.integers(.s64, [2], [2, 0])
    let outputs = try StandardOperatorRun.outputs(
      "SoftmaxCrossEntropyLoss", opset: 13, [pictures(), classes, ramp(3)], outputCount: 2)
    #expect(areNear(outputs[0], [1.3414373]))
    #expect(areNear(outputs[1], [-2.407606, -1.4076059, -0.40760595, -4.1429315, -2.1429317, -0.1429316]))
    let beyond = try TypedTensor.integers(.s64, [2], [2, 3])
    #expect(throws: OperatorError("class 3 of 3")) {
      try StandardOperatorRun.output("NegativeLogLikelihoodLoss", opset: 13, [pictures(), beyond])
    }
    let ignored = try StandardOperatorRun.output(
      "NegativeLogLikelihoodLoss", opset: 13, [pictures(), beyond], ["ignore_index": .integer(3)])
    #expect(ignored.doubles == [-3])
  }

  @Test("ONNX Runtime's form adds two operands and a bias first and gives their sum, too")
  func skip() throws {
    let input = try pictures().reshaped(to: TensorShape([1, 2, 3]))
    let skipped = try TypedTensor.floats([2, 3], [1, 1, 1, 0, 0, 0])
    let outputs = try StandardOperatorRun.outputs(
      "SkipLayerNormalization", opset: 1, domain: "com.microsoft",
      [input, skipped, .floats([3], [1, 1, 1]), nil, .floats([3], [0, 0, 3])], outputCount: 4)
    #expect(outputs[3].doubles == [2, 3, 7, 4, 6, 11])
    #expect(areNear(outputs[0], [-0.9258201, -0.46291, 1.38873, -1.0190493, -0.3396831, 1.3587324]))
  }

  @Test("The first NaN of a line is its largest element for Hardmax, as for ArgMax")
  func hardmaxOfNaN() throws {
    let input = try tensor(.f32, [2, 4], [1, .nan, 9, .nan, .nan, 2, .infinity, 1])
    #expect(try run("Hardmax", opset: 13, [input])[0].doubles == [0, 1, 0, 0, 1, 0, 0, 0])
    #expect(try run("ArgMax", opset: 13, ["axis": .integer(1)], [input])[0].doubles == [1, 0])
  }
}
