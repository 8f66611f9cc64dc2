import LayerKernels
import TensorOperators
import Testing

@Suite("Operators that move elements")
struct MovementTests {
  @Test("a Slice backwards ends before the first element at the ends that stand for infinity, as in ONNX Runtime")
  func sliceEnds() throws {
    let data = try floats([4], [0, 1, 2, 3])
    func slice(_ end: Int64, step: Int64) throws -> [Double] {
      try run(
        "Slice",
        [data, try integers([1], [step < 0 ? -1 : 0]), try integers([1], [end]), nil, try integers([1], [step])]
      )[0].doubles
    }
    for end in [Int64.max, Int64(Int32.max), Int64.min, -5] { #expect(try slice(end, step: -1) == [3, 2, 1, 0]) }
    #expect(try slice(.max, step: 2) == [0, 2])
    #expect(try slice(.min, step: 1) == [])
    #expect(try slice(.max, step: .min) == [3])
  }

  @Test("Split of version 18 gives the last part what is left; earlier ones want equal parts")
  func unevenSplit() throws {
    let data = try floats([7], [0, 1, 2, 3, 4, 5, 6])
    let parts = try run("Split", ["num_outputs": .integer(3)], [data], outputs: 3)
    #expect(parts.map(\.doubles) == [[0, 1, 2], [3, 4, 5], [6]])
    #expect(throws: OperatorError.self) { try run("Split", opset: 13, [data], outputs: 3) }
  }

  @Test("old versions read attributes where new ones have inputs")
  func oldVersions() throws {
    let data = try floats([1, 2], [1, 2])
    #expect(try run("Concat", opset: 1, [data, data])[0].shape.dimensions == [1, 4])
    #expect(try run("Reshape", opset: 1, ["shape": .integers([2, -1])], [data])[0].shape.dimensions == [2, 1])
    #expect(try run("Unsqueeze", opset: 11, ["axes": .integers([-1, 0])], [data])[0].shape.dimensions == [1, 1, 2, 1])
    let tiled = try run("Tile", opset: 1, [data, TypedTensor(scalar: Int64(2)), TypedTensor(scalar: Int64(1))])
    #expect(tiled[0].doubles == [1, 2, 1, 2])
    let padded = try run("Pad", opset: 1, ["paddings": .integers([0, 1, 0, 0]), "value": .float(9)], [data])
    #expect(padded[0].doubles == [9, 1, 2])
    let top = try run("TopK", opset: 1, ["k": .integer(1)], [data], outputs: 2)
    #expect(top[0].doubles == [2])
    #expect(top[1].integers == [1])
    let scaled = try run("Upsample", opset: 7, ["scales": .floats([1, 2])], [data])
    #expect(scaled[0].doubles == [1, 1, 2, 2])
  }

  @Test("every element type moves unchanged", arguments: ElementType.allCases)
  func allTypes(_ type: ElementType) throws {
    let data = try TypedTensor(type, shape: TensorShape([2, 2]), integers: [1, 0, 1, 1])
    #expect(try run("Transpose", [data])[0].integers == [1, 1, 0, 1])
    #expect(try run("Gather", ["axis": .integer(1)], [data, try integers([1], [-1])])[0].integers == [0, 1])
    #expect(try run("Slice", [data, try integers([1], [1]), try integers([1], [2])])[0].integers == [1, 1])
    #expect(try run("Pad", [data, try integers([4], [0, 1, 0, -1])])[0].integers == [0, 1, 0, 1])
    #expect(try run("Trilu", [data])[0].integers == [1, 0, 0, 1])
    #expect(try run("NonZero", [data])[0].integers == [0, 1, 1, 0, 0, 1])
  }

  @Test("TopK puts NaN first and compares u64 without a sign")
  func order() throws {
    let numbers = try floats([4], [1, .nan, 3, 2])
    let top = try run("TopK", [numbers, try integers([1], [2])], outputs: 2)
    #expect(top[1].integers == [1, 2])
    let wide = try TypedTensor(shape: TensorShape([3]), elements: [1, UInt64.max, 2])
    #expect(try run("TopK", [wide, try integers([1], [3])], outputs: 2)[1].integers == [1, 2, 0])
  }

  @Test(
    "what does not fit is refused with one line",
    arguments: [
      ("Reshape", [[6], [4]]), ("Gather", [[2], [9]]), ("Expand", [[2], [3]]), ("Tile", [[2], [-1]]),
      ("TopK", [[2], [5]]), ("ConstantOfShape", [[-4]]), ("Split", [[2], [5]]), ("Range", [[0], [1], [0]]),
      ("Gather", [[2], [Int64.min]]), ("Squeeze", [[2], [7]]), ("ConstantOfShape", [[Int64.max]]),
      ("Tile", [[2], [Int64.max]]), ("Pad", [[1], [Int64.max, 1]]), ("MatMul", [[1], [2, 3]]),
    ] as [(String, [[Int64]])])
  func badInput(_ name: String, _ operands: [[Int64]]) throws {
    // A list of one element stands for a tensor of that many where it is the data.
    let takesSize = ["Reshape", "Expand", "TopK", "Split", "Gather", "Tile", "Squeeze"].contains(name)
    let inputs = try operands.enumerated().map { index, list -> TypedTensor in
      index == 0 && takesSize
        ? TypedTensor(.s64, shape: try TensorShape([Int(list[0])])) : try integers([list.count], list)
    }
    let error = #expect(throws: (any Error).self) { try run(name, inputs) }
    #expect(error.map { !"\($0)".contains("\n") } ?? false)
  }
}
