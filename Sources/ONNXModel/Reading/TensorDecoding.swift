import FoundationEssentials
import LayerKernels

/// Where a tensor's raw data lie outside its message.
struct RawData {
  let bytes: UnsafeRawBufferPointer
  /// Keeps the bytes.
  let owner: any MemoryLender
}

extension TypedTensor {
  /// Reads a tensor's message.
  ///
  /// - Parameter raw: the raw data, where they were cut out of the message or lie in another file.
  /// - Throws: ``ONNXError/tensor(name:reason:)``.
  init(_ message: Onnx_TensorProto, raw: RawData? = nil) throws(ONNXError) {
    let name = message.name
    guard message.dataLocation != .external || raw != nil else {
      throw .tensor(name: name, reason: "its data are in another file, which only a model that is read from a file has")
    }
    guard !message.hasSegment else { throw .tensor(name: name, reason: "segmented tensors are not supported") }
    guard let dataType = Onnx_TensorProto.DataType(rawValue: Int(message.dataType)) else {
      throw .tensor(name: name, reason: "data type \(message.dataType) is unknown")
    }
    guard let type = ElementType(dataType) else {
      throw .tensor(name: name, reason: "data type \(dataType) is not supported")
    }
    var sizes: [Int] = []
    for size in message.dims { sizes.append(Int(size)) }
    let shape: TensorShape
    do { shape = try TensorShape(sizes) } catch { throw .tensor(name: name, reason: error.description) }

    let found = raw?.bytes.count ?? (message.hasRawData ? message.rawData.count : nil)
    if let found {
      let needed = (shape.elementCount * type.fileBitCount + 7) / 8
      guard found == needed else {
        throw .tensor(name: name, reason: "shape \(shape) needs \(needed) bytes, but there are \(found)")
      }
    }
    do {
      if type == .f32, let raw {
        self.init(try Tensor(shape: shape, borrowing: raw.bytes, lender: raw.owner))
      } else if let raw {
        try self.init(type, shape: shape, fileBytes: raw.bytes)
      } else if found != nil {
        self = try message.rawData.withUnsafeBytes { try TypedTensor(type, shape: shape, fileBytes: $0) }
      } else {
        try self.init(type, shape: shape, field: message)
      }
    } catch { throw .tensor(name: name, reason: "\(error)") }
  }

  /// A tensor from the bytes of a file: little endian, 4-bit and 2-bit integers several in a byte, the first in the lowest bits.
  private init(_ type: ElementType, shape: TensorShape, fileBytes: UnsafeRawBufferPointer) throws(TensorError) {
    let bits = type.fileBitCount
    guard bits < 8 else {
      try self.init(type, shape: shape, bytes: fileBytes)
      return
    }
    let perByte = 8 / bits
    let values = (0..<shape.elementCount).map { index in
      Int(fileBytes[index / perByte] >> (index % perByte * bits))
    }
    try self.init(type, shape: shape, integers: values)
  }

  /// A tensor from the typed field of its message.
  private init(_ type: ElementType, shape: TensorShape, field message: Onnx_TensorProto) throws(TensorError) {
    switch type {
    case .f32: try self.init(shape: shape, elements: message.floatData)
    case .f64: try self.init(shape: shape, elements: message.doubleData)
    case .f16:
      try self.init(
        shape: shape, elements: message.int32Data.map { Float16(bitPattern: UInt16(truncatingIfNeeded: $0)) })
    case .bf16:
      try self.init(
        shape: shape, elements: message.int32Data.map { BFloat16(bitPattern: UInt16(truncatingIfNeeded: $0)) })
    case .s64: try self.init(shape: shape, elements: message.int64Data)
    case .u32, .u64:
      try self.init(type, shape: shape, integers: message.uint64Data.map { Int(truncatingIfNeeded: $0) })
    case .s4, .u4, .s2, .u2:
      // The packed bytes, one in each number.
      let bytes = message.int32Data.map { UInt8(truncatingIfNeeded: $0) }
      let perByte = 8 / type.fileBitCount
      guard bytes.count == (shape.elementCount + perByte - 1) / perByte else {
        throw .elementCount(shape: shape, found: bytes.count * perByte)
      }
      let expanded = bytes.withUnsafeBytes { bytes in
        Result { () throws(TensorError) in try TypedTensor(type, shape: shape, fileBytes: bytes) }
      }
      self = try expanded.get()
    default: try self.init(type, shape: shape, integers: message.int32Data.map { Int($0) })
    }
  }
}

extension Onnx_TensorProto {
  /// A message of any type.
  init(_ tensor: TypedTensor, name: String) {
    self.init()
    self.name = name
    dims = tensor.shape.dimensions.map(Int64.init)
    dataType = Int32(tensor.type.dataType.rawValue)
    let bits = tensor.type.fileBitCount
    guard bits < 8 else {
      rawData = tensor.withBytes { Data($0) }
      return
    }
    let perByte = 8 / bits
    var packed = [UInt8](repeating: 0, count: (tensor.shape.elementCount + perByte - 1) / perByte)
    for (index, value) in tensor.integers.enumerated() {
      let cut = UInt8(truncatingIfNeeded: value) & UInt8((1 << bits) - 1)
      packed[index / perByte] |= cut << (index % perByte * bits)
    }
    rawData = Data(packed)
  }
}
