import LayerKernels

extension ElementType {
  /// The element type of a tensor in a file; nil for texts, complex numbers and floats of 8 bits and less.
  init?(_ type: Onnx_TensorProto.DataType) {
    switch type {
    case .float: self = .f32
    case .double: self = .f64
    case .float16: self = .f16
    case .bfloat16: self = .bf16
    case .int8: self = .s8
    case .int16: self = .s16
    case .int32: self = .s32
    case .int64: self = .s64
    case .uint8: self = .u8
    case .uint16: self = .u16
    case .uint32: self = .u32
    case .uint64: self = .u64
    case .bool: self = .bool
    case .int4: self = .s4
    case .uint4: self = .u4
    case .int2: self = .s2
    case .uint2: self = .u2
    default: return nil
    }
  }

  /// As ``init(_:)-(Onnx_TensorProto.DataType)``, of a number in a file.
  init?(number: Int32) {
    guard let type = Onnx_TensorProto.DataType(rawValue: Int(number)) else { return nil }
    self.init(type)
  }

  /// What a file says for this type.
  var dataType: Onnx_TensorProto.DataType {
    switch self {
    case .f32: .float
    case .f64: .double
    case .f16: .float16
    case .bf16: .bfloat16
    case .s8: .int8
    case .s16: .int16
    case .s32: .int32
    case .s64: .int64
    case .u8: .uint8
    case .u16: .uint16
    case .u32: .uint32
    case .u64: .uint64
    case .bool: .bool
    case .s4: .int4
    case .u4: .uint4
    case .s2: .int2
    case .u2: .uint2
    }
  }
}

extension TypedTensor {
  /// A list of 64-bit integers: sizes, axes, indices.
  init(integers: [Int]) throws { try self.init(.s64, shape: TensorShape([integers.count]), integers: integers) }

  /// The elements as 32-bit floats.
  var floatElements: [Float] { asFloats.elements }
}
