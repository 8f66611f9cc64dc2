import Luthier

/// Elements as a request without raw bytes says them: of the one kind of list that the type has.
package enum ListedElements: Sendable {
  case floats([Float])
  case doubles([Double])
  case signed([Int64])
  case unsigned([UInt64])
  case truths([Bool])

  var count: Int {
    switch self {
    case .floats(let values): values.count
    case .doubles(let values): values.count
    case .signed(let values): values.count
    case .unsigned(let values): values.count
    case .truths(let values): values.count
    }
  }
}

extension TensorPort {
  /// The shape that a client says, checked: against the model, and against what the server takes, before anything is allocated.
  ///
  /// - Throws: ``ServingError``.
  func shape(_ sizes: [Int], limits: ServerLimits) throws(ServingError) -> TensorShape {
    let shape: TensorShape
    do throws(ShapeError) { shape = try TensorShape(sizes) } catch {
      throw .badRequest("input \(name.quoted): \(error)")
    }
    guard admits(shape) else {
      throw .badRequest("input \(name.quoted) is \(wireShape), but \(sizes) was given")
    }
    guard shape.elementCount <= limits.tensorElements else {
      throw ServingError(
        .tooLarge,
        "input \(name.quoted) has \(shape.elementCount) elements; this server takes \(limits.tensorElements) (--max-elements)"
      )
    }
    return shape
  }

  /// Checks the type that a client says.
  ///
  /// - Throws: ``ServingError``.
  func checkType(_ word: String) throws(ServingError) {
    guard word == wireType.rawValue else {
      throw .badRequest("input \(name.quoted) is \(wireType.rawValue), but \(word.quoted) was given")
    }
  }

  /// A tensor of raw little-endian bytes.
  ///
  /// - Throws: ``ServingError``.
  func tensor(shape: TensorShape, bytes: UnsafeRawBufferPointer) throws(ServingError) -> TypedTensor {
    let type = type ?? .f32
    let needed = shape.elementCount * type.byteCount
    guard bytes.count == needed else {
      throw .badRequest(
        "input \(name.quoted) of shape \(shape.dimensions) takes \(needed) bytes, but has \(bytes.count)")
    }
    if type.fileBitCount < 8, let bounds = type.integerBounds {
      let isInside = bytes.allSatisfy { bounds.contains(type.isSigned ? Int(Int8(bitPattern: $0)) : Int($0)) }
      guard isInside else { throw outside(bounds) }
    }
    do throws(TensorError) { return try TypedTensor(type, shape: shape, bytes: bytes) } catch {
      throw .badRequest("input \(name.quoted): \(error)")
    }
  }

  /// A tensor of listed elements.
  ///
  /// - Throws: ``ServingError``.
  func tensor(shape: TensorShape, elements: ListedElements) throws(ServingError) -> TypedTensor {
    guard elements.count == shape.elementCount else {
      throw .badRequest(
        "input \(name.quoted) of shape \(shape.dimensions) has \(shape.elementCount) elements, but \(elements.count) were given"
      )
    }
    let type = type ?? .f32
    do {
      switch (type, elements) {
      case (.f32, .floats(let values)): return try TypedTensor(shape: shape, elements: values)
      case (.f16, .floats(let values)), (.bf16, .floats(let values)):
        return TypedTensor(try Tensor(shape: shape, elements: values)).converted(to: type)
      case (.f64, .doubles(let values)): return try TypedTensor(shape: shape, elements: values)
      case (.bool, .truths(let values)): return try TypedTensor(shape: shape, elements: values)
      case (.s8, .signed(let values)): return try TypedTensor(shape: shape, elements: exact(values, Int8.self))
      case (.s16, .signed(let values)): return try TypedTensor(shape: shape, elements: exact(values, Int16.self))
      case (.s32, .signed(let values)): return try TypedTensor(shape: shape, elements: exact(values, Int32.self))
      case (.s64, .signed(let values)): return try TypedTensor(shape: shape, elements: values)
      case (.u8, .unsigned(let values)): return try TypedTensor(shape: shape, elements: exact(values, UInt8.self))
      case (.u16, .unsigned(let values)): return try TypedTensor(shape: shape, elements: exact(values, UInt16.self))
      case (.u32, .unsigned(let values)): return try TypedTensor(shape: shape, elements: exact(values, UInt32.self))
      case (.u64, .unsigned(let values)): return try TypedTensor(shape: shape, elements: values)
      case (.s4, .signed(let values)), (.s2, .signed(let values)):
        let bytes = try exact(values, Int8.self)
        return try bytes.withUnsafeBytes { bytes throws(ServingError) in try tensor(shape: shape, bytes: bytes) }
      case (.u4, .unsigned(let values)), (.u2, .unsigned(let values)):
        let bytes = try exact(values, UInt8.self)
        return try bytes.withUnsafeBytes { bytes throws(ServingError) in try tensor(shape: shape, bytes: bytes) }
      default:
        throw ServingError.badRequest("input \(name.quoted) is \(wireType.rawValue); its elements are of another kind")
      }
    } catch let error as ServingError { throw error } catch {
      throw .badRequest("input \(name.quoted): \(error)")
    }
  }

  private func exact<Wide: BinaryInteger, Narrow: FixedWidthInteger>(
    _ values: [Wide], _ type: Narrow.Type
  ) throws(ServingError) -> [Narrow] {
    var result: [Narrow] = []
    result.reserveCapacity(values.count)
    for value in values {
      guard let narrow = Narrow(exactly: value) else {
        throw outside(Int(clamping: Narrow.min)...Int(clamping: Narrow.max))
      }
      result.append(narrow)
    }
    return result
  }

  private func outside(_ bounds: ClosedRange<Int>) -> ServingError {
    .badRequest("input \(name.quoted) has an element outside \(bounds.lowerBound) to \(bounds.upperBound)")
  }
}

extension TypedTensor {
  /// The elements as a list for an answer without raw bytes.
  package var listedElements: ListedElements {
    switch type {
    case .f32: .floats(elements(as: Float.self))
    case .f16, .bf16: .floats(asFloats.elements)
    case .f64: .doubles(elements(as: Double.self))
    case .bool: .truths(elements(as: Bool.self))
    case .u64: .unsigned(elements(as: UInt64.self))
    case .u8, .u16, .u32, .u4, .u2: .unsigned(integers.map { UInt64(clamping: $0) })
    case .s8, .s16, .s32, .s64, .s4, .s2: .signed(integers.map { Int64($0) })
    }
  }

  /// The bytes as they travel.
  package var wireBytes: [UInt8] { withBytes { Array($0) } }
}
