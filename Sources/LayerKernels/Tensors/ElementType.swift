/// What the elements of a tensor are.
///
/// The raw value is the word that keys, profiles and tables use.
public enum ElementType: String, Hashable, Sendable, CaseIterable {
  /// IEEE 754 single precision.
  case f32
  /// IEEE 754 double precision.
  case f64
  /// IEEE 754 half precision.
  case f16
  /// The upper half of a single-precision number ("brain float").
  case bf16
  /// Signed integers of 8, 16, 32 and 64 bits.
  case s8, s16, s32, s64
  /// Unsigned integers of 8, 16, 32 and 64 bits.
  case u8, u16, u32, u64
  /// True or false, one byte each: 1 or 0.
  case bool
  /// Integers of 4 bits; files hold two in a byte, memory one.
  case s4, u4
  /// Integers of 2 bits; files hold four in a byte, memory one.
  case s2, u2

  /// Bytes that one element takes in memory.
  public var byteCount: Int {
    switch self {
    case .s8, .u8, .bool, .s4, .u4, .s2, .u2: 1
    case .f16, .bf16, .s16, .u16: 2
    case .f32, .s32, .u32: 4
    case .f64, .s64, .u64: 8
    }
  }

  /// Bits that one element takes in a file.
  public var fileBitCount: Int {
    switch self {
    case .s4, .u4: 4
    case .s2, .u2: 2
    default: 8 * byteCount
    }
  }

  /// Whether the elements are floating-point numbers.
  public var isFloat: Bool {
    switch self {
    case .f32, .f64, .f16, .bf16: true
    default: false
    }
  }

  /// Whether the elements are whole numbers; truth values are not.
  public var isInteger: Bool { !isFloat && self != .bool }

  /// Whether the elements may be negative.
  public var isSigned: Bool {
    switch self {
    case .u8, .u16, .u32, .u64, .u4, .u2, .bool: false
    default: true
    }
  }

  /// The least and the greatest whole number that an element can be; nil for floating-point numbers. The bounds of `u64` are
  /// cut to those of `Int`.
  public var integerBounds: ClosedRange<Int>? {
    switch self {
    case .f32, .f64, .f16, .bf16: nil
    case .s64: Int.min...Int.max
    case .u64: 0...Int.max
    case .bool: 0...1
    case .s8, .s16, .s32, .s4, .s2: -(1 << (fileBitCount - 1))...(1 << (fileBitCount - 1)) - 1
    case .u8, .u16, .u32, .u4, .u2: 0...(1 << fileBitCount) - 1
    }
  }
}

extension ElementType: CustomStringConvertible {
  /// The word of keys and tables, `f32`.
  public var description: String { rawValue }
}
