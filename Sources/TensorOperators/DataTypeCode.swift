import LayerKernels

/// The numbers by which attributes name element types.
enum DataTypeCode {
  /// The type that a number means; nil for one that is not supported, such as text.
  static func type(_ code: Int) -> ElementType? {
    switch code {
    case 1: .f32
    case 2: .u8
    case 3: .s8
    case 4: .u16
    case 5: .s16
    case 6: .s32
    case 7: .s64
    case 9: .bool
    case 10: .f16
    case 11: .f64
    case 12: .u32
    case 13: .u64
    case 16: .bf16
    case 21: .u4
    case 22: .s4
    case 25: .u2
    case 26: .s2
    default: nil
    }
  }

  /// The type that an attribute names, or one that holds where it is not given.
  static func type(
    _ name: String, of attributes: OperatorAttributes, orElse type: ElementType
  ) throws(OperatorError) -> ElementType {
    guard let code = attributes.integer(name) else { return type }
    guard let named = Self.type(code) else { throw OperatorError("\(name) \(code) is no data type that is supported") }
    return named
  }
}
