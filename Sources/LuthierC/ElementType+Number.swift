import LayerKernels

extension ElementType {
  /// The number of `luthier_type`, which is ONNX's.
  var number: Int32 {
    switch self {
    case .f32: 1
    case .u8: 2
    case .s8: 3
    case .u16: 4
    case .s16: 5
    case .s32: 6
    case .s64: 7
    case .bool: 9
    case .f16: 10
    case .f64: 11
    case .u32: 12
    case .u64: 13
    case .bf16: 16
    case .u4: 21
    case .s4: 22
    case .u2: 25
    case .s2: 26
    }
  }

  /// The type of a number; nil where `luthier_type` has no such number.
  init?(number: Int32) {
    guard let type = Self.allCases.first(where: { $0.number == number }) else { return nil }
    self = type
  }
}
