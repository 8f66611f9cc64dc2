import LayerKernels

/// Reads numbers and texts from bytes of somebody else: each is looked at before it is used, and nothing is allocated for more elements
/// than there are bytes left.
///
/// The bytes have to outlive the reader.
struct ByteReader {
  private var rest: UnsafeRawBufferPointer

  init(_ bytes: UnsafeRawBufferPointer) { rest = bytes }

  /// - Throws: ``FileDamage`` where bytes are left.
  func end() throws(FileDamage) {
    guard rest.isEmpty else { throw FileDamage("\(rest.count) bytes are left over") }
  }

  private mutating func take(_ count: Int) throws(FileDamage) -> UnsafeRawBufferPointer {
    guard count >= 0, count <= rest.count else { throw FileDamage("it ends in the middle of a value") }
    defer { rest = UnsafeRawBufferPointer(rebasing: rest[count...]) }
    return UnsafeRawBufferPointer(rebasing: rest[..<count])
  }

  mutating func byte() throws(FileDamage) -> UInt8 { try take(1)[0] }

  mutating func fixed<Number: FixedWidthInteger>(_ type: Number.Type) throws(FileDamage) -> Number {
    Number(littleEndian: try take(MemoryLayout<Number>.size).loadUnaligned(as: type))
  }

  /// A number from 0 to a limit.
  mutating func count(upTo limit: Int = .max) throws(FileDamage) -> Int {
    var value: UInt64 = 0
    for shift in stride(from: 0, to: 63, by: 7) {
      let next = try byte()
      value |= UInt64(next & 0x7f) << UInt64(shift)
      guard next & 0x80 == 0 else { continue }
      guard let count = Int(exactly: value), count <= limit else {
        throw FileDamage("a number is \(value), and at most \(limit) is possible")
      }
      return count
    }
    throw FileDamage("a number has more than 63 bits")
  }

  /// How many entries follow, each of which has so many bytes at least.
  mutating func entries(ofAtLeast size: Int = 1) throws(FileDamage) -> Int {
    let count = try count()
    guard count <= rest.count / size else { throw FileDamage("\(count) entries do not fit into \(rest.count) bytes") }
    return count
  }

  mutating func counts(upTo limit: Int = .max) throws(FileDamage) -> [Int] {
    let count = try entries()
    var numbers: [Int] = []
    numbers.reserveCapacity(count)
    for _ in 0..<count { numbers.append(try self.count(upTo: limit)) }
    return numbers
  }

  mutating func number() throws(FileDamage) -> Int { Int(truncatingIfNeeded: try fixed(Int64.self)) }

  mutating func double() throws(FileDamage) -> Double { Double(bitPattern: try fixed(UInt64.self)) }

  mutating func float() throws(FileDamage) -> Float { Float(bitPattern: try fixed(UInt32.self)) }

  mutating func text() throws(FileDamage) -> String {
    guard let text = String(validating: try take(entries()), as: UTF8.self) else {
      throw FileDamage("a text is not UTF-8")
    }
    return text
  }

  mutating func texts() throws(FileDamage) -> [String] {
    var texts: [String] = []
    for _ in 0..<(try entries()) { texts.append(try text()) }
    return texts
  }

  mutating func flag() throws(FileDamage) -> Bool {
    let value = try byte()
    guard value <= 1 else { throw FileDamage("a flag is \(value)") }
    return value == 1
  }

  mutating func optionalFloats() throws(FileDamage) -> [Float]? {
    guard try flag() else { return nil }
    let size = MemoryLayout<Float>.size
    let bytes = try take(entries(ofAtLeast: size) * size)
    return [Float](unsafeUninitializedCapacity: bytes.count / size) { target, count in
      UnsafeMutableRawBufferPointer(target).copyMemory(from: bytes)
      count = bytes.count / size
    }
  }

  mutating func shape() throws(FileDamage) -> TensorShape {
    let sizes = try counts(upTo: TensorShape.maximumElementCount)
    do throws(ShapeError) { return try TensorShape(sizes) } catch { throw FileDamage(error.description) }
  }
}
