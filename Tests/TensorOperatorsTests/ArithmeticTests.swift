import LayerKernels
import TensorOperators
import Testing

@Suite("Arithmetic on tensors")
struct ArithmeticTests {
  @Test("integers wrap at the width of their type", arguments: [ElementType.s32, .u8, .s64])
  func wrapping(_ type: ElementType) throws {
    let add = try #require(TensorOperatorRegistry.standard.definition(domain: "", name: "Add", opset: 13))
    let largest = try #require(type.integerBounds).upperBound
    let operands = [largest, 1].map { try? TypedTensor(type, shape: .scalar, integers: [$0]) }
    let sum = try add(OperatorCall("Add", opset: 13, inputs: operands))[0]
    #expect(sum.type == type)
    #expect(sum.integers == [try #require(type.integerBounds).lowerBound])
  }
}
