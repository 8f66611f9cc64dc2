import LayerKernels

extension ElementType {
  /// The type that a number of ONNX's `TensorProto.DataType` stands for; nil for those that tensors here cannot hold (text,
  /// complex numbers, floats of 8 bits and less).
  package init?(onnxNumber: Int) {
    let types: [Int: ElementType] = [
      1: .f32, 2: .u8, 3: .s8, 4: .u16, 5: .s16, 6: .s32, 7: .s64, 9: .bool, 10: .f16, 11: .f64, 12: .u32, 13: .u64,
      16: .bf16, 21: .u4, 22: .s4, 25: .u2, 26: .s2,
    ]
    guard let type = types[onnxNumber] else { return nil }
    self = type
  }

  /// The type that an attribute names by ONNX's number, or, before opset 6, by its name.
  init(attribute name: String, of attributes: OperatorAttributes) throws(OperatorError) {
    let names = [
      "FLOAT": 1, "UINT8": 2, "INT8": 3, "UINT16": 4, "INT16": 5, "INT32": 6, "INT64": 7, "BOOL": 9, "FLOAT16": 10,
      "DOUBLE": 11, "UINT32": 12, "UINT64": 13,
    ]
    let number = attributes.integer(name) ?? attributes.text(name).flatMap { names[$0] }
    guard let number else { throw OperatorError("attribute '\(name)' is missing or names no element type") }
    guard let type = ElementType(onnxNumber: number) else {
      throw OperatorError("element type \(number) of attribute '\(name)' is not supported")
    }
    self = type
  }
}
