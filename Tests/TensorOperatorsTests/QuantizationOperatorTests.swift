import LayerKernels
import TensorOperators
import Testing

// The right values are ONNX Runtime's.
@Suite("Operators of quantized numbers")
struct QuantizationOperatorTests {
  private func pictures() throws -> TypedTensor { try .floats([2, 3], [1, 2, 3, 4, 6, 8]) }

  @Test("a scale is one for all, one for each position of an axis, or one for each block")
  func granularity() throws {
    let perAxis = try StandardOperatorRun.output(
      "QuantizeLinear", opset: 13, [pictures(), .floats([2], [0.5, 2]), .integers(.s8, [2], [1, -3])],
      ["axis": .integer(0)])
    #expect(perAxis.type == .s8)
    #expect(perAxis.integers == [3, 5, 7, -1, 0, 1])
    let scale = try TypedTensor.floats([2, 2], [0.5, 2, 1, 4])
    let zero = try TypedTensor.integers(.u8, [2, 2], [1, 2, 3, 4])
    let attributes = ["axis": OperatorAttributes.Value.integer(1), "block_size": .integer(2)]
    let blocked = try StandardOperatorRun.output("QuantizeLinear", opset: 21, [pictures(), scale, zero], attributes)
    #expect(blocked.integers == [3, 5, 4, 7, 9, 6])
    let back = try StandardOperatorRun.output("DequantizeLinear", opset: 21, [blocked, scale, zero], attributes)
    #expect(back.doubles == [1, 2, 4, 4, 6, 8])
    #expect(throws: OperatorError("scale 2x2 does not fit blocks of 1 along axis 1 of 2x3")) {
      try StandardOperatorRun.output(
        "QuantizeLinear", opset: 21, [pictures(), scale, zero], ["axis": .integer(1), "block_size": .integer(1)])
    }
  }

  @Test(
    "what is beyond the type is cut to it, ties go to the even number, infinity to the end",
    arguments: [
      (ElementType.u8, [0, 255, 2, 2]), (.s8, [-128, 127, 2, 2]), (.s4, [-8, 7, 2, 2]), (.u4, [0, 15, 2, 2]),
      (.s2, [-2, 1, 1, 1]), (.u16, [0, 65535, 2, 2]),
    ])
  func saturation(_ type: ElementType, _ right: [Int]) throws {
    let input = try TypedTensor.floats([4], [-1e9, .infinity, 1.5, 2.5])
    let output = try StandardOperatorRun.output(
      "QuantizeLinear", opset: 25, [input, .floats([], [1]), .integers(type, [], [0])])
    #expect(output.integers == right)
  }

  @Test("DynamicQuantizeLinear finds the scale and the zero point")
  func dynamic() throws {
    let outputs = try StandardOperatorRun.outputs(
      "DynamicQuantizeLinear", opset: 11, [.floats([6], [0, 2, -3, -2.5, 1.34, 0.5])], outputCount: 3)
    #expect(outputs[0].integers == [153, 255, 0, 26, 221, 179])
    #expect(areNear(outputs[1], [0.01960784], within: 1e-8))
    #expect(outputs[2].integers == [153])
  }

  @Test("ONNX Runtime's sum of quantized numbers is rounded once")
  func sum() throws {
    let one = try TypedTensor.floats([], [0.5])
    let zero = try TypedTensor.integers(.u8, [], [128])
    let output = try StandardOperatorRun.output(
      "QLinearAdd", opset: 1, domain: "com.microsoft",
      [
        .integers(.u8, [3], [128, 130, 255]), one, zero, .integers(.u8, [1], [129]), one, zero, .floats([], [0.25]),
        zero,
      ])
    #expect(output.integers == [130, 134, 255])
  }

  @Test(
    "ONNX Runtime's quantized Gemm adds at the product's scale, and rounds once or gives floats",
    arguments: [false, true])
  func gemm(_ isSwapped: Bool) throws {
    let left = try TypedTensor.integers(.u8, [2, 3], [128, 130, 127, 131, 128, 129])
    let weights = isSwapped ? [1, 0, -2, 3, 1, 1] : [1, 3, 0, 1, -2, 1]
    let right = try TypedTensor.integers(.s8, isSwapped ? [2, 3] : [3, 2], weights)
    let inputs: [TypedTensor?] = [
      left, try .floats([], [0.5]), try .integers(.u8, [], [128]), right, try .floats([2], [0.25, 0.5]),
      try .integers(.s8, [2], [0, 1]), try .integers(.s32, [2], [4, -1]),
    ]
    let attributes: [String: OperatorAttributes.Value] = ["transB": .integer(isSwapped ? 1 : 0), "alpha": .float(2)]
    // The centred rows are (0, 2, -1) and (3, 0, 1), the columns (1, 0, -2) and (2, 0, 0).
    let floats = try StandardOperatorRun.output(
      "QGemm", opset: 1, domain: "com.microsoft", inputs, attributes)
    #expect(floats.doubles == [1.5, -0.5, 1.25, 2.5])
    let integers = try StandardOperatorRun.output(
      "QGemm", opset: 1, domain: "com.microsoft", inputs + [.floats([], [0.5]), .integers(.u8, [], [100])], attributes)
    #expect(integers.type == .u8)
    #expect(integers.integers == [103, 99, 102, 105])
  }

  @Test("ONNX Runtime's choice among quantized numbers takes both to the result's scale")
  func choice() throws {
    let output = try StandardOperatorRun.output(
      "QLinearWhere", opset: 1, domain: "com.microsoft",
      [
        .integers(.bool, [2, 1], [1, 0]), .integers(.u8, [1, 2], [130, 127]), .floats([], [0.5]),
        .integers(.u8, [], [128]), .integers(.u8, [1], [4]), .floats([], [2]), .integers(.u8, [], [0]),
        .floats([], [0.25]), .integers(.u8, [], [10]),
      ])
    #expect(output.integers == [14, 8, 42, 42])
  }

  @Test("types that cannot be quantized are errors")
  func badTypes() throws {
    #expect(throws: OperatorError("it cannot quantize to s32")) {
      try StandardOperatorRun.output(
        "QuantizeLinear", opset: 21, [pictures(), .floats([], [1]), .integers(.s32, [], [0])])
    }
    #expect(throws: OperatorError("its input is f32, not small whole numbers")) {
      try StandardOperatorRun.output("DequantizeLinear", opset: 21, [pictures(), .floats([], [1])])
    }
  }
}
