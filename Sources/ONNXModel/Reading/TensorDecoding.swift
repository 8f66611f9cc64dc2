import FoundationEssentials
import LayerKernels

/// Where a tensor's raw data lie outside its message.
struct RawData {
  let bytes: UnsafeRawBufferPointer
  /// Keeps the bytes.
  let owner: any MemoryLender
}

extension ConstantTensor {
  /// The most elements that are read into integers.
  private static let maximumIntegerCount = 1 << 24

  /// Reads a tensor's message.
  ///
  /// - Parameter raw: the raw data, where they were cut out of the message.
  /// - Throws: ``ONNXError/tensor(name:reason:)``.
  init(_ message: Onnx_TensorProto, raw: RawData? = nil) throws(ONNXError) {
    let name = message.name
    guard message.dataLocation != .external else {
      throw .tensor(name: name, reason: "its data are in another file, and no path in a model is followed; embed them")
    }
    guard !message.hasSegment else { throw .tensor(name: name, reason: "segmented tensors are not supported") }
    guard let type = Onnx_TensorProto.DataType(rawValue: Int(message.dataType)) else {
      throw .tensor(name: name, reason: "data type \(message.dataType) is unknown")
    }
    var sizes: [Int] = []
    for size in message.dims { sizes.append(Int(size)) }
    let shape: TensorShape
    do { shape = try TensorShape(sizes) } catch { throw .tensor(name: name, reason: error.description) }
    let count = shape.elementCount

    func withRaw<Result>(width: Int, _ body: (UnsafeRawBufferPointer) -> Result) throws(ONNXError) -> Result? {
      let found = raw?.bytes.count ?? (message.hasRawData ? message.rawData.count : nil)
      guard let found else { return nil }
      guard found == count * width else {
        throw .tensor(
          name: name, reason: "shape \(shape) needs \(count * width) bytes, but there are \(found)")
      }
      if let raw { return body(raw.bytes) }
      return message.rawData.withUnsafeBytes { body($0) }
    }
    func checked<Element>(_ values: [Element]) throws(ONNXError) -> [Element] {
      guard values.count == count else {
        throw .tensor(name: name, reason: "shape \(shape) needs \(count) elements, but there are \(values.count)")
      }
      return values
    }
    func floats(_ values: [Float]) throws(ONNXError) -> ConstantTensor {
      do { return ConstantTensor(try Tensor(shape: shape, elements: values)) } catch {
        throw .tensor(name: name, reason: error.description)
      }
    }
    /// The raw data as elements, else what the typed field holds.
    func values<Element: BitwiseCopyable>(
      _ type: Element.Type, else field: () -> [Element]
    ) throws(ONNXError) -> [Element] {
      let width = MemoryLayout<Element>.stride
      let loaded = try withRaw(width: width) { bytes in
        // The bytes lie anywhere in the file, so they are moved rather than read in place; none are not, since Swift's library
        // would then write a count into storage that all empty arrays share, which races with a model read on another thread.
        guard count > 0 else { return [Element]() }
        return [Element](unsafeUninitializedCapacity: count) { elements, initialized in
          UnsafeMutableRawBufferPointer(elements).copyMemory(from: bytes)
          initialized = count
        }
      }
      if let loaded { return loaded }
      return try checked(field())
    }
    func words<Element: FixedWidthInteger & BitwiseCopyable>(_ type: Element.Type) throws(ONNXError) -> [Element] {
      try values(type) { message.int32Data.map { Element(truncatingIfNeeded: $0) } }
    }
    func integers(_ values: [Int]) throws(ONNXError) -> ConstantTensor {
      ConstantTensor(shape: shape, integers: try checked(values))
    }
    if type != .float, count > Self.maximumIntegerCount {
      throw .tensor(name: name, reason: "\(count) elements of this type are more than \(Self.maximumIntegerCount)")
    }

    switch type {
    case .float:
      if let raw {
        do { self.init(try Tensor(shape: shape, borrowing: raw.bytes, lender: raw.owner)) } catch {
          throw .tensor(name: name, reason: "shape \(shape) needs \(count * 4) bytes, but there are \(raw.bytes.count)")
        }
      } else {
        self = try floats(values(Float.self) { message.floatData })
      }
    case .double: self = try floats(values(Double.self) { message.doubleData }.map { Float($0) })
    case .float16: self = try floats(words(UInt16.self).map { Float(halfBits: $0) })
    case .bfloat16: self = try floats(words(UInt16.self).map { Float(bitPattern: UInt32($0) << 16) })
    case .int64: self = try integers(values(Int64.self) { message.int64Data }.map(Int.init))
    case .int32: self = try integers(words(Int32.self).map(Int.init))
    case .int16: self = try integers(words(Int16.self).map(Int.init))
    case .uint16: self = try integers(words(UInt16.self).map(Int.init))
    case .int8: self = try integers(words(Int8.self).map(Int.init))
    case .uint8, .bool: self = try integers(words(UInt8.self).map(Int.init))
    default: throw .tensor(name: name, reason: "data type \(type) is not supported")
    }
  }
}

extension Float {
  /// The value of an IEEE 754 half-precision number.
  init(halfBits bits: UInt16) {
    let sign: Float = bits & 0x8000 == 0 ? 1 : -1
    let exponent = Int(bits >> 10) & 0x1F
    let fraction = Float(bits & 0x3FF) / 1024
    switch exponent {
    case 0: self = sign * fraction * 0x1p-14
    case 31: self = fraction == 0 ? sign * .infinity : .nan
    default: self = sign * (1 + fraction) * Float(sign: .plus, exponent: exponent - 15, significand: 1)
    }
  }
}
