/// A field of the protobuf wire format (Protocol Buffers, "Encoding"), with its payload as fields where it can be read so.
public struct WireField {
  /// What stands after the tag.
  public indirect enum Content {
    case varint(UInt64)
    /// Four or eight bytes.
    case fixed([UInt8])
    case bytes([UInt8])
    case message([WireField])
  }

  /// The field's number.
  public var number: UInt64
  /// What it holds.
  public var content: Content

  /// The bytes of a list of fields.
  public static func encode(_ fields: [WireField]) -> [UInt8] {
    var bytes: [UInt8] = []
    for field in fields {
      switch field.content {
      case .varint(let value): bytes += varint(field.number << 3) + varint(value)
      case .fixed(let raw): bytes += varint(field.number << 3 | (raw.count == 8 ? 1 : 5)) + raw
      case .bytes(let payload): bytes += delimited(field.number, payload)
      case .message(let inner): bytes += delimited(field.number, encode(inner))
      }
    }
    return bytes
  }

  /// The fields that make up all of the bytes; nil when the bytes are none.
  ///
  /// - Parameter depth: how deep messages are looked for within payloads.
  public static func decode(_ bytes: ArraySlice<UInt8>, depth: Int = 6) -> [WireField]? {
    var fields: [WireField] = []
    var rest = bytes
    while !rest.isEmpty {
      guard let tag = takeVarint(&rest), tag >> 3 > 0, tag >> 3 < 1 << 20 else { return nil }
      let content: Content
      switch tag & 7 {
      case 0:
        guard let value = takeVarint(&rest) else { return nil }
        content = .varint(value)
      case 1, 5:
        let count = tag & 7 == 1 ? 8 : 4
        guard rest.count >= count else { return nil }
        content = .fixed(Array(rest.prefix(count)))
        rest = rest.dropFirst(count)
      case 2:
        guard let length = takeVarint(&rest), length <= UInt64(rest.count) else { return nil }
        let payload = rest.prefix(Int(length))
        rest = rest.dropFirst(Int(length))
        if depth > 0, payload.count > 1, let inner = decode(payload, depth: depth - 1) {
          content = .message(inner)
        } else {
          content = .bytes(Array(payload))
        }
      default: return nil
      }
      fields.append(WireField(number: tag >> 3, content: content))
    }
    return fields
  }

  private static func delimited(_ number: UInt64, _ payload: [UInt8]) -> [UInt8] {
    varint(number << 3 | 2) + varint(UInt64(payload.count)) + payload
  }

  static func varint(_ value: UInt64) -> [UInt8] {
    var bytes: [UInt8] = []
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
    return bytes
  }

  private static func takeVarint(_ bytes: inout ArraySlice<UInt8>) -> UInt64? {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 70, by: 7) {
      guard let byte = bytes.popFirst() else { return nil }
      if shift < 64 { value |= UInt64(byte & 0x7f) << shift }
      if byte < 0x80 { return value }
    }
    return nil
  }
}

extension WireField {
  static func number(_ number: UInt64, _ value: Int) -> WireField {
    WireField(number: number, content: .varint(UInt64(bitPattern: Int64(value))))
  }

  static func text(_ number: UInt64, _ value: String) -> WireField {
    WireField(number: number, content: .bytes(Array(value.utf8)))
  }

  static func float(_ number: UInt64, _ value: Float) -> WireField {
    WireField(number: number, content: .fixed(littleEndian(value.bitPattern)))
  }

  static func message(_ number: UInt64, _ fields: [WireField]) -> WireField {
    WireField(number: number, content: .message(fields))
  }

  static func littleEndian(_ value: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
  }
}
