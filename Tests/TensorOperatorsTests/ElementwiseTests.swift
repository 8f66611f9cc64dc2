import LayerKernels
import TensorOperators
import Testing

@Suite("Operators element by element")
struct ElementwiseTests {
  @Test("u64 is compared, divided and shifted as unsigned")
  func unsigned() throws {
    let large = TypedTensor(scalar: UInt64.max)
    let two = TypedTensor(scalar: UInt64(2))
    func run(_ name: String, _ attributes: [String: OperatorAttributes.Value] = [:]) throws -> TypedTensor {
      try StandardOperatorRun.output(name, opset: 18, [large, two], attributes)
    }
    #expect(try run("Max").elements(as: UInt64.self) == [.max])
    #expect(try run("Min").elements(as: UInt64.self) == [2])
    #expect(try run("Div").elements(as: UInt64.self) == [.max / 2])
    #expect(try run("Mod").elements(as: UInt64.self) == [1])
    #expect(try run("Greater").truths == [true])
    #expect(try run("BitShift", ["direction": .text("RIGHT")]).elements(as: UInt64.self) == [.max >> 2])
    let joined = try TypedTensor(shape: TensorShape([2]), elements: [UInt64(1), .max])
    #expect(try StandardOperatorRun.output("ReduceMax", opset: 18, [joined]).elements(as: UInt64.self) == [.max])
    #expect(try StandardOperatorRun.output("ArgMax", opset: 13, [joined]).integers == [1])
  }

  @Test("integers are divided towards zero and the least by −1 wraps; a divisor of 0 is an error")
  func division() throws {
    let dividends = try TypedTensor.integers(.s8, [3], [-7, -128, 7])
    let divisors = try TypedTensor.integers(.s8, [3], [2, -1, -2])
    #expect(try StandardOperatorRun.output("Div", opset: 14, [dividends, divisors]).integers == [-3, -128, -3])
    for name in ["Div", "Mod"] {
      #expect(throws: OperatorError("an integer is divided by 0")) {
        try StandardOperatorRun.output(name, opset: 14, [dividends, .integers(.s8, [1], [0])])
      }
    }
  }

  @Test("Mod has the divisor's sign, with fmod the dividend's")
  func modulus() throws {
    let a = try TypedTensor.integers(.s32, [6], [-4, 7, 5, 4, -7, 8])
    let b = try TypedTensor.integers(.s32, [6], [2, -3, 8, -2, 3, 5])
    #expect(try StandardOperatorRun.output("Mod", opset: 13, [a, b]).integers == [0, -2, 5, 0, 2, 3])
    #expect(
      try StandardOperatorRun.output("Mod", opset: 13, [a, b], ["fmod": .integer(1)]).integers == [0, 1, 5, 0, -1, 3])
    let floats = try StandardOperatorRun.output(
      "Mod", opset: 28, [.floats([2], [-1, 5]), .floats([2], [3, -.infinity])])
    #expect(floats.doubles == [2, -.infinity])
  }

  @Test("Pow takes an exponent of another type; whole powers are exact")
  func power() throws {
    let base = try TypedTensor.integers(.s64, [3], [3, -2, 10])
    let exponent = try TypedTensor.integers(.s32, [3], [39, 3, -1])
    let powers = try StandardOperatorRun.output("Pow", opset: 15, [base, exponent])
    #expect(powers.type == .s64)
    #expect(powers.integers == [4_052_555_153_018_976_267, -8, 0])
    let negative = try StandardOperatorRun.output(
      "Pow", opset: 15, [.floats([3], [-2, -2, -.infinity]), .floats([3], [3, 0.5, 3])])
    #expect(negative.doubles[0] == -8)
    #expect(negative.doubles[1].isNaN)
    #expect(negative.doubles[2] == -.infinity)
  }

  @Test("before opset 7 the second operand is aligned at a named axis")
  func alignedOperands() throws {
    let left = try TypedTensor.floats([2, 3, 2], (0..<12).map(Float.init))
    let right = try TypedTensor.floats([3], [10, 20, 30])
    let attributes = ["broadcast": OperatorAttributes.Value.integer(1), "axis": .integer(1)]
    let sum = try StandardOperatorRun.output("Add", opset: 6, [left, right], attributes)
    #expect(sum.doubles == [10, 11, 22, 23, 34, 35, 16, 17, 28, 29, 40, 41])
    let slope = try StandardOperatorRun.output("PRelu", opset: 6, [.floats([1, 3, 1], [-1, -2, 3]), right])
    #expect(slope.doubles == [-10, -40, 3])
  }

  @Test("a bound of Clip is an attribute before opset 11 and cuts infinity to the type's greatest where it is left out")
  func clipping() throws {
    let input = try TypedTensor.floats([4], [-.infinity, -2, 2, .infinity])
    let greatest = Double(Float.greatestFiniteMagnitude)
    let old = try StandardOperatorRun.output("Clip", opset: 6, [input], ["min": .float(-1)])
    #expect(old.doubles == [-1, -1, 2, greatest])
    let new = try StandardOperatorRun.output("Clip", opset: 13, [input, nil, .floats([], [1])])
    #expect(new.doubles == [-greatest, -2, 1, 1])
    let crossed = try StandardOperatorRun.output("Clip", opset: 13, [input, .floats([], [5]), .floats([], [1])])
    #expect(crossed.doubles == [1, 1, 1, 1])
    #expect(throws: OperatorError.self) {
      try StandardOperatorRun.output("Clip", opset: 13, [input, .integers(.s64, [], [1])])
    }
  }

  @Test("Cast cuts whole numbers to the bits of the type, and a type that is not known is an error")
  func casting() throws {
    func cast(_ tensor: TypedTensor, _ to: OperatorAttributes.Value, opset: Int = 25) throws -> TypedTensor {
      try StandardOperatorRun.output("Cast", opset: opset, [tensor], ["to": to])
    }
    #expect(try cast(.integers(.s16, [2], [200, -1]), .integer(3)).integers == [-56, -1])
    #expect(try cast(.integers(.s32, [3], [9, -9, 3]), .integer(22)).integers == [-7, 7, 3])
    #expect(try cast(.floats([3], [.nan, 0, -0.5]), .integer(9)).truths == [true, false, true])
    #expect(try cast(.integers(.s64, [1], [7]), .text("FLOAT"), opset: 5).type == .f32)
    #expect(throws: OperatorError("element type 17 of attribute 'to' is not supported")) {
      try cast(.floats([1], [1]), .integer(17))
    }
    let bits = try StandardOperatorRun.output("BitCast", opset: 26, [.floats([1], [1])], ["to": .integer(6)])
    #expect(bits.integers == [0x3F80_0000])
    #expect(throws: OperatorError("u8 is not as wide as f32")) {
      try StandardOperatorRun.output("BitCast", opset: 26, [.floats([1], [1])], ["to": .integer(2)])
    }
  }

  /// What ONNX leaves undefined, as ONNX Runtime gives it on x86.
  @Test(
    "A float that its new type does not hold becomes what C makes of it on x86",
    arguments: [
      (6, [.nan, .infinity, 3e9, -3e9, -2.5], [-0x8000_0000, -0x8000_0000, -0x8000_0000, -0x8000_0000, -2]),
      (7, [.nan, -.infinity, 0x1.2p63, -0x1p60], [.min, .min, .min, -1 << 60]),
      (2, [.nan, .infinity, 300, -1.5, 3e9, -0.9375], [0, 0, 44, 255, 0, 0]),
      (3, [.nan, 200, -129, 0x1p40 + 0x1p20], [0, -56, 127, 0]),
      (5, [.infinity, 65535, 3e9], [0, -1, 0]), (12, [3e9, -1, .nan, 0x1p70], [3_000_000_000, 0xFFFF_FFFF, 0, 0]),
      (13, [0x1.2p63, 0x1p66, -1, .nan], [.min + 1 << 60, 0, -1, .min]),
    ] as [(Int, [Double], [Int])])
  func castingBeyond(to: Int, numbers: [Double], expected: [Int]) throws {
    for type in [ElementType.f32, .f64] {
      let input = try tensor(type, [numbers.count], numbers)
      let result = try StandardOperatorRun.output("Cast", opset: 19, [input], ["to": .integer(to)])
      #expect(result.integers == expected)
    }
  }

  @Test("Dropout drops nothing; one that trains is refused")
  func dropout() throws {
    let input = try TypedTensor.floats([2], [1, 2])
    let outputs = try StandardOperatorRun.outputs("Dropout", opset: 13, [input], outputCount: 2)
    #expect(outputs[0].doubles == [1, 2])
    #expect(outputs[1].truths == [true, true])
    let yes = TypedTensor(scalar: true)
    #expect(try StandardOperatorRun.output("Dropout", opset: 13, [input, .floats([], [0]), yes]).doubles == [1, 2])
    #expect(throws: OperatorError.self) { try StandardOperatorRun.output("Dropout", opset: 13, [input, nil, yes]) }
  }

  @Test(
    "operands that do not fit are errors",
    arguments: ["Add", "Sub", "Mul", "Div", "Mod", "Equal", "Less", "Max", "Sum", "Pow", "PRelu", "SwiGLU"])
  func misfits(_ name: String) throws {
    #expect(throws: (any Error).self) {
      try StandardOperatorRun.output(
        name, opset: 28, [.floats([2, 3], .init(repeating: 1, count: 6)), .floats([4], [1, 2, 3, 4])])
    }
    #expect(throws: (any Error).self) { try StandardOperatorRun.output(name, opset: 28, [nil, .floats([1], [1])]) }
  }

  @Test("functions of every element keep 16-bit types and empty tensors", arguments: [ElementType.f16, .bf16, .f64])
  func narrowTypes(_ type: ElementType) throws {
    for name in ["Exp", "Sigmoid", "Relu", "Gelu", "Erf", "Tanh", "HardSwish", "Selu"] {
      let empty = TypedTensor(type, shape: try TensorShape([2, 0]))
      let result = try StandardOperatorRun.output(name, opset: 22, [empty])
      #expect(TensorType(result) == TensorType(empty))
      #expect(throws: OperatorError.self) {
        try StandardOperatorRun.output(
          name == "Relu" || name == "Erf" ? "Exp" : name, opset: 22, [.integers(.s32, [1], [1])])
      }
    }
    let ones = try TypedTensor(type, shape: .scalar, doubles: [1])
    let exponential = try StandardOperatorRun.output("Exp", opset: 13, [ones])
    #expect(exponential.doubles[0] == (type == .f16 ? 2.71875 : type == .bf16 ? 2.71875 : 2.718281828459045))
  }
}
