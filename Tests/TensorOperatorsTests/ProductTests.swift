import LayerKernels
import TensorOperators
import Testing

@Suite("Products of tensors")
struct ProductTests {
  @Test("MatMul of integers wraps at their width")
  func wrapping() throws {
    let large = try TypedTensor(.s32, shape: TensorShape([1, 1]), integers: [1 << 20])
    #expect(try run("MatMul", [large, large])[0].integers == [0])
    let widest = try TypedTensor(shape: TensorShape([1, 1]), elements: [UInt64.max])
    #expect(try run("MatMul", [widest, widest])[0].elements(as: UInt64.self) == [1])
  }

  @Test("MatMul of more rows and depths than a block gives exact sums of small numbers")
  func blocks() throws {
    let (rows, inner, columns) = (7, 300, 5)
    let a = (0..<rows * inner).map { Float($0 % 7 - 3) }
    let b = (0..<inner * columns).map { Float($0 % 5 - 2) }
    let result = try run("MatMul", [try floats([rows, inner], a), try floats([inner, columns], b)])[0]
    let expected = (0..<rows * columns).map { index in
      (0..<inner).map { Double(a[index / columns * inner + $0] * b[$0 * columns + index % columns]) }.reduce(0, +)
    }
    #expect(result.doubles == expected)
  }

  @Test("Gemm refuses an addend wider than the product, and before version 7 one that is repeated without leave")
  func addends() throws {
    let matrix = try floats([1, 2], [1, 2])
    let square = try floats([2, 2], [1, 0, 0, 1])
    #expect(throws: OperatorError.self) { try run("Gemm", [matrix, square, square]) }
    let row = try floats([2], [10, 20])
    #expect(throws: OperatorError.self) { try run("Gemm", opset: 6, [square, square, row]) }
    let repeated = try run("Gemm", opset: 6, ["broadcast": .integer(1)], [square, square, row])
    #expect(repeated[0].doubles == [11, 20, 10, 21])
  }

  @Test(
    "Einsum follows diagonals, ellipses and results that are not named",
    arguments: [
      ("ii->", [5.0]), ("ii->i", [1, 4]), ("ij->ji", [1, 3, 2, 4]), ("...i->...", [3, 7]), ("ba", [1, 3, 2, 4]),
      (" i j -> i ", [3, 7]),
    ])
  func equations(_ equation: String, _ expected: [Double]) throws {
    let matrix = try floats([2, 2], [1, 2, 3, 4])
    #expect(try run("Einsum", ["equation": .text(equation)], [matrix])[0].doubles == expected)
  }

  @Test(
    "equations that do not fit are refused", arguments: ["ij,jk->ik", "ijk->i", "ij->k", "ij->ii", "i1->i", "i..j", ""])
  func badEquations(_ equation: String) throws {
    #expect(throws: OperatorError.self) {
      try run("Einsum", ["equation": .text(equation)], [try floats([2, 2], [1, 2, 3, 4])])
    }
  }
}
