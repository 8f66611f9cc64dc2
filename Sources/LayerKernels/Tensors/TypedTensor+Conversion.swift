/// Elements as numbers of one kind, for arithmetic that is rarely hot.
///
/// Every narrowing says what it does with what does not fit.
extension TypedTensor {
  /// The elements as 64-bit floats; integers beyond 2⁵³ are rounded to the nearest, truth values are 1 and 0.
  public var doubles: [Double] {
    switch type {
    case .f32: elements(as: Float.self).map { Double($0) }
    case .f64: elements(as: Double.self)
    case .f16: elements(as: Float16.self).map { Double($0) }
    case .bf16: elements(as: BFloat16.self).map { Double(Float($0)) }
    case .u64: elements(as: UInt64.self).map { Double($0) }
    default: integers.map { Double($0) }
    }
  }

  /// The elements as 64-bit integers: the bits of `u64` that do not fit are kept (`UInt64.max` is −1); floats are rounded towards
  /// zero, what is too large becomes the largest or the least, NaN becomes 0; truth values are 1 and 0.
  public var integers: [Int] {
    switch type {
    case .f32, .f64, .f16, .bf16: doubles.map { Int(saturating: $0) }
    case .s8, .s4, .s2: elements(as: Int8.self).map(Int.init)
    case .u8, .u4, .u2, .bool: elements(as: UInt8.self).map(Int.init)
    case .s16: elements(as: Int16.self).map(Int.init)
    case .u16: elements(as: UInt16.self).map(Int.init)
    case .s32: elements(as: Int32.self).map(Int.init)
    case .u32: elements(as: UInt32.self).map(Int.init)
    case .s64: elements(as: Int64.self).map(Int.init)
    case .u64: elements(as: UInt64.self).map { Int(truncatingIfNeeded: $0) }
    }
  }

  /// The elements as truth values: everything but zero is true, NaN too.
  public var truths: [Bool] {
    type.isFloat ? doubles.map { $0 != 0 } : integers.map { $0 != 0 }
  }

  /// The elements as a tensor of 32-bit floats, each rounded to the nearest; nothing is copied where they are that.
  public var asFloats: Tensor {
    if let floats { return floats }
    var result = Tensor(shape: shape)
    result.withMutableElements { target in
      func fill<Element: TensorElement>(_ element: Element.Type, _ convert: (Element) -> Float) {
        withElements(as: element) { for index in target.indices { target[index] = convert($0[index]) } }
      }
      switch type {
      case .f32: break
      case .f64: fill(Double.self) { Float($0) }
      case .f16: fill(Float16.self) { Float($0) }
      case .bf16: fill(BFloat16.self) { Float($0) }
      case .s8, .s4, .s2: fill(Int8.self) { Float($0) }
      case .u8, .u4, .u2, .bool: fill(UInt8.self) { Float($0) }
      case .s16: fill(Int16.self) { Float($0) }
      case .u16: fill(UInt16.self) { Float($0) }
      case .s32: fill(Int32.self) { Float($0) }
      case .u32: fill(UInt32.self) { Float($0) }
      case .s64: fill(Int64.self) { Float($0) }
      case .u64: fill(UInt64.self) { Float($0) }
      }
    }
    return result
  }

  /// A tensor of any type from 64-bit floats: rounded to the nearest for floats (an f16 that is too large becomes infinite),
  /// rounded towards zero for integers, not zero for truth values.
  ///
  /// Of integers, what does not fit and NaN are undefined in ONNX. Here they are on every processor what C gives on x86, which is
  /// what models were made and tried with: converted to 32 bits, or to 64 for `u32` and wider types, where the least integer
  /// stands for all that does not fit; then cut to the bits of the type.
  ///
  /// - Throws: ``TensorError/elementCount(shape:found:)`` when there are more or fewer elements than the shape has.
  public init(_ type: ElementType, shape: TensorShape, doubles values: [Double]) throws(TensorError) {
    switch type {
    case .f32: try self.init(shape: shape, elements: values.map { Float($0) })
    case .f64: try self.init(shape: shape, elements: values)
    case .f16: try self.init(shape: shape, elements: values.map { Float16(Float(roundingToOdd: $0)) })
    case .bf16: try self.init(shape: shape, elements: values.map { BFloat16(Float(roundingToOdd: $0)) })
    case .bool: try self.init(shape: shape, elements: values.map { $0 != 0 })
    case .u64:
      try self.init(
        shape: shape,
        elements: values.map {
          guard $0 >= 0x1p63 else { return UInt64(truncatingIfNeeded: Int($0, orLeastOf: 64)) }
          return $0 < 0x1p64 ? UInt64($0) : 0
        })
    case .s64, .u32: try self.init(type, shape: shape, integers: values.map { Int($0, orLeastOf: 64) })
    default: try self.init(type, shape: shape, integers: values.map { Int($0, orLeastOf: 32) })
    }
  }

  /// A tensor of any type from 64-bit integers: integers are cut to the bits of the type (they wrap), floats are the nearest.
  ///
  /// - Throws: ``TensorError/elementCount(shape:found:)`` when there are more or fewer elements than the shape has.
  public init(_ type: ElementType, shape: TensorShape, integers values: [Int]) throws(TensorError) {
    switch type {
    case .f32, .f64, .f16, .bf16: try self.init(type, shape: shape, doubles: values.map { Double($0) })
    case .s8: try self.init(shape: shape, elements: values.map { Int8(truncatingIfNeeded: $0) })
    case .u8: try self.init(shape: shape, elements: values.map { UInt8(truncatingIfNeeded: $0) })
    case .s16: try self.init(shape: shape, elements: values.map { Int16(truncatingIfNeeded: $0) })
    case .u16: try self.init(shape: shape, elements: values.map { UInt16(truncatingIfNeeded: $0) })
    case .s32: try self.init(shape: shape, elements: values.map { Int32(truncatingIfNeeded: $0) })
    case .u32: try self.init(shape: shape, elements: values.map { UInt32(truncatingIfNeeded: $0) })
    case .s64: try self.init(shape: shape, elements: values.map { Int64($0) })
    case .u64: try self.init(shape: shape, elements: values.map { UInt64(truncatingIfNeeded: $0) })
    case .bool: try self.init(shape: shape, elements: values.map { $0 != 0 })
    case .s4, .u4, .s2, .u2:
      let bits = type.fileBitCount
      let small = values.map { value -> UInt8 in
        let cut = UInt8(truncatingIfNeeded: value) & UInt8((1 << bits) - 1)
        let isNegative = type.isSigned && cut >> (bits - 1) == 1
        return isNegative ? cut | ~UInt8((1 << bits) - 1) : cut
      }
      guard small.count == shape.elementCount else { throw .elementCount(shape: shape, found: small.count) }
      self.init(type, shape: shape)
      withMutableBytes { $0.copyBytes(from: small) }
    }
  }

  /// The same numbers as elements of another type; what does not fit is as in ``init(_:shape:doubles:)`` and
  /// ``init(_:shape:integers:)``.
  public func converted(to type: ElementType) -> TypedTensor {
    if type == self.type { return self }
    if type == .f32 { return TypedTensor(asFloats) }
    // The counts agree, because the shape is the same.
    if type == .bool { return (try? TypedTensor(shape: shape, elements: truths)) ?? self }
    if type.isFloat || self.type.isFloat {
      return (try? TypedTensor(type, shape: shape, doubles: doubles)) ?? self
    }
    return (try? TypedTensor(type, shape: shape, integers: integers)) ?? self
  }
}

extension Int {
  /// A number rounded towards zero; what is too large becomes the largest or the least, NaN becomes 0.
  package init(saturating value: Double) {
    if value.isNaN { self = 0 } else { self = value >= 0x1p63 ? .max : value < -0x1p63 ? .min : Int(value) }
  }

  /// A number rounded towards zero; the least integer of so many bits (32 or 64) for what those do not hold, and for NaN.
  init(_ value: Double, orLeastOf bitCount: Int) {
    let limit = bitCount == 32 ? 0x1p31 : 0x1p63
    let whole = value.rounded(.towardZero)
    self = whole >= -limit && whole < limit ? Int(whole) : bitCount == 32 ? Int(Int32.min) : .min
  }
}

extension Float {
  /// A number that rounds to narrower types as the given one does: inexact results have an odd last bit.
  ///
  /// Rounding twice to the nearest would err where the first rounding makes a tie (Boldo and Melquiond, "When double rounding
  /// is odd", 2005).
  init(roundingToOdd value: Double) {
    let nearest = Float(value)
    let back = Double(nearest)
    guard value.isFinite, nearest.isFinite, back != value, nearest.bitPattern & 1 == 0 else {
      self = nearest
      return
    }
    // The neighbour on the other side of the value has an odd last bit.
    self =
      value.magnitude > back.magnitude
      ? Float(bitPattern: nearest.bitPattern &+ 1) : Float(bitPattern: nearest.bitPattern &- 1)
  }
}
