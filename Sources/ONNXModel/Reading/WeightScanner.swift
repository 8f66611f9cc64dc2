/// Finds the weights in a model's bytes and cuts them out, so that they need not be copied through the protobuf library.
///
/// Walks the wire format (Protocol Buffers, "Encoding") of ModelProto (graph = 7), GraphProto (initializer = 5) and
/// TensorProto (raw_data = 9). What is left is a valid model whose initializers lack their raw data.
struct WeightScanner {
  /// The model without the weights' data.
  private(set) var remainder: [UInt8] = []
  /// For each initializer, in order, where its raw data lie; nil when it has none.
  private(set) var ranges: [Range<Int>?] = []

  private let bytes: UnsafeRawBufferPointer
  private let name: String

  /// Scans a model.
  ///
  /// - Throws: ``ONNXError/malformed(name:reason:)`` when a length leaves the file.
  init(_ bytes: UnsafeRawBufferPointer, name: String) throws(ONNXError) {
    self.bytes = bytes
    self.name = name
    remainder.reserveCapacity(min(bytes.count, 1 << 20))
    var position = 0
    while position < bytes.count {
      let field = try nextField(at: position, end: bytes.count)
      if field.number == 7, let payload = field.payload {
        let graph = try scanGraph(payload)
        append(tag: field.tag, graph)
      } else {
        remainder += bytes[position..<field.end]
      }
      position = field.end
    }
  }

  private mutating func scanGraph(_ range: Range<Int>) throws(ONNXError) -> [UInt8] {
    var graph: [UInt8] = []
    var position = range.lowerBound
    while position < range.upperBound {
      let field = try nextField(at: position, end: range.upperBound)
      if field.number == 5, let payload = field.payload {
        let (tensor, data) = try scanTensor(payload)
        ranges.append(data)
        graph += Self.varint(field.tag) + Self.varint(UInt64(tensor.count)) + tensor
      } else {
        graph += bytes[position..<field.end]
      }
      position = field.end
    }
    return graph
  }

  private func scanTensor(_ range: Range<Int>) throws(ONNXError) -> (rest: [UInt8], data: Range<Int>?) {
    var rest: [UInt8] = []
    var data: Range<Int>?
    var position = range.lowerBound
    while position < range.upperBound {
      let field = try nextField(at: position, end: range.upperBound)
      if field.number == 9, let payload = field.payload {
        data = payload
      } else {
        rest += bytes[position..<field.end]
      }
      position = field.end
    }
    return (rest, data)
  }

  private mutating func append(tag: UInt64, _ payload: [UInt8]) {
    remainder += Self.varint(tag) + Self.varint(UInt64(payload.count)) + payload
  }

  private struct Field {
    let tag: UInt64
    let number: UInt64
    /// The bytes of a length-delimited field.
    let payload: Range<Int>?
    let end: Int
  }

  private func nextField(at start: Int, end: Int) throws(ONNXError) -> Field {
    var position = start
    let tag = try varint(at: &position, end: end)
    var payload: Range<Int>?
    switch tag & 7 {
    case 0: _ = try varint(at: &position, end: end)
    case 1: position += 8
    case 2:
      let length = try varint(at: &position, end: end)
      guard length <= UInt64(end - position) else {
        throw .malformed(name: name, reason: "a field at byte \(start) is longer than the file; the file is cut short")
      }
      payload = position..<(position + Int(length))
      position += Int(length)
    case 5: position += 4
    default: throw .malformed(name: name, reason: "byte \(start) begins no field")
    }
    guard position <= end else {
      throw .malformed(name: name, reason: "a field at byte \(start) leaves the file; the file is cut short")
    }
    return Field(tag: tag, number: tag >> 3, payload: payload, end: position)
  }

  private func varint(at position: inout Int, end: Int) throws(ONNXError) -> UInt64 {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 70, by: 7) {
      guard position < end else { throw .malformed(name: name, reason: "it ends within a number") }
      let byte = bytes[position]
      position += 1
      if shift < 64 { value |= UInt64(byte & 0x7F) << shift }
      if byte < 0x80 { return value }
    }
    throw .malformed(name: name, reason: "a number at byte \(position) has more than ten bytes")
  }

  private static func varint(_ value: UInt64) -> [UInt8] {
    var bytes: [UInt8] = []
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
    return bytes
  }
}
