import LayerKernels
import TensorOperators
import Testing

@Suite("Operators that join elements along axes")
struct ReductionTests {
  private func pictures() throws -> TypedTensor { try .floats([2, 3], [1, 2, 3, 4, 6, 8]) }

  @Test("the axes are an attribute in old versions and an operand in later ones")
  func axes() throws {
    let old = try StandardOperatorRun.output("ReduceMean", opset: 13, [pictures()], ["axes": .integers([-1])])
    #expect(TensorType(old).description == "f32 2x1")
    #expect(old.doubles == [2, 6])
    let new = try StandardOperatorRun.output(
      "ReduceMean", opset: 18, [pictures(), .integers(.s64, [1], [0])], ["keepdims": .integer(0)])
    #expect(new.doubles == [2.5, 4, 5.5])
    let none = try StandardOperatorRun.output(
      "ReduceSumSquare", opset: 18, [pictures()], ["noop_with_empty_axes": .integer(1)])
    #expect(none.doubles == [1, 4, 9, 16, 36, 64])
    #expect(throws: OperatorError("axis 2 of 2 dimensions")) {
      try StandardOperatorRun.output("ReduceSum", opset: 13, [pictures(), .integers(.s64, [1], [2])])
    }
  }

  @Test(
    "no elements give what changes nothing",
    arguments: [
      ("ReduceSum", 0), ("ReduceProd", 1), ("ReduceL1", 0), ("ReduceMax", -Double.infinity), ("ReduceMin", .infinity),
      ("ReduceLogSum", -.infinity), ("ReduceLogSumExp", -.infinity), ("ReduceL2", 0),
    ])
  func empty(_ name: String, _ right: Double) throws {
    let input = TypedTensor(.f32, shape: try TensorShape([2, 0]))
    let output = try StandardOperatorRun.output(name, opset: 20, [input, .integers(.s64, [1], [1])])
    #expect(output.doubles == [right, right])
    if name == "ReduceMax" {
      let bytes = TypedTensor(.s8, shape: try TensorShape([0]))
      #expect(try StandardOperatorRun.output(name, opset: 20, [bytes]).integers == [-128])
    }
  }

  @Test("NaN is an extreme, and large exponentials do not overflow")
  func special() throws {
    #expect(try StandardOperatorRun.output("ReduceMax", opset: 18, [.floats([3], [1, .nan, 2])]).doubles[0].isNaN)
    let large = try StandardOperatorRun.output("ReduceLogSumExp", opset: 18, [.floats([2], [1000, 1000])])
    #expect(areNear(large, [1000.693147]))
    let truths = try TypedTensor.integers(.bool, [2, 2], [1, 0, 0, 0])
    let any = try StandardOperatorRun.output(
      "ReduceMax", opset: 20, [truths, .integers(.s64, [1], [1])], ["keepdims": .integer(0)])
    #expect(any.truths == [true, false])
  }

  @Test("the place of an extreme is the first or the last one")
  func places() throws {
    let input = try TypedTensor.floats([2, 3], [2, 2, 1, 0, 3, 3])
    let attributes = ["axis": OperatorAttributes.Value.integer(1), "keepdims": .integer(0)]
    #expect(try StandardOperatorRun.output("ArgMax", opset: 13, [input], attributes).integers == [0, 1])
    let last = attributes.merging(["select_last_index": .integer(1)]) { $1 }
    #expect(try StandardOperatorRun.output("ArgMax", opset: 13, [input], last).integers == [1, 2])
    #expect(try StandardOperatorRun.output("ArgMin", opset: 13, [input], ["axis": .integer(-2)]).integers == [1, 0, 0])
    #expect(throws: OperatorError("axis 0 of 0x2 has no elements")) {
      try StandardOperatorRun.output("ArgMax", opset: 13, [TypedTensor(.f32, shape: TensorShape([0, 2]))])
    }
  }

  @Test("running sums run backwards and leave the element itself out on demand")
  func running() throws {
    let attributes = ["exclusive": OperatorAttributes.Value.integer(1), "reverse": .integer(1)]
    let sums = try StandardOperatorRun.output("CumSum", opset: 14, [pictures(), .integers(.s32, [], [1])], attributes)
    #expect(sums.doubles == [5, 3, 0, 14, 8, 0])
    let products = try StandardOperatorRun.output("CumProd", opset: 26, [pictures(), .integers(.s64, [], [0])])
    #expect(products.doubles == [1, 2, 3, 4, 12, 24])
    #expect(throws: OperatorError("axis 5 of 2 dimensions")) {
      try StandardOperatorRun.output("CumSum", opset: 14, [pictures(), .integers(.s64, [], [5])])
    }
  }

  @Test("before opset 13 a softmax runs over all axes from the given one on")
  func softmax() throws {
    let input = try pictures().reshaped(to: TensorShape([1, 2, 3]))
    let flat = try StandardOperatorRun.output("Softmax", opset: 11, [input])
    #expect(areNear(flat, [0.00078355, 0.00212992, 0.00578971, 0.01573807, 0.11628945, 0.85926932], within: 1e-7))
    let line = try StandardOperatorRun.output("Softmax", opset: 13, [pictures()], ["axis": .integer(0)])
    #expect(areNear(line, [0.04742587, 0.01798621, 0.00669285, 0.95257413, 0.98201376, 0.9933072], within: 1e-7))
    let large = try StandardOperatorRun.output("LogSoftmax", opset: 13, [.floats([2], [1e4, 0])])
    #expect(large.doubles == [0, -1e4])
  }
}
