import Luthier

/// Damages inputs: the same source of randomness gives the same damage.
public struct Damage {
  private let structure: FuzzedParser.Structure
  private let sizeLimit: Int

  /// - Parameter sizeLimit: how long an input may become, in bytes.
  public init(_ structure: FuzzedParser.Structure, sizeLimit: Int) {
    self.structure = structure
    self.sizeLimit = sizeLimit
  }

  /// A damaged input, one to five times; `other` is another input, parts of which may be put in.
  public func callAsFunction(_ input: [UInt8], other: [UInt8], _ random: inout RandomSource) -> [UInt8] {
    var bytes = input
    let count = 1 + random.below(3) * random.below(3)
    switch structure {
    case .fields where random.below(4) > 0:
      guard var fields = WireField.decode(bytes[...]) else { fallthrough }
      let donor = WireField.decode(other[...]) ?? []
      for _ in 0..<count { damage(&fields, donor: donor, &random) }
      bytes = WireField.encode(fields)
    default:
      for _ in 0..<count { damage(&bytes, other: other, &random) }
      if case .chunks = structure, random.below(4) > 0 { bytes = PNGChecksums.corrected(bytes) }
      if case .sealed = structure, random.below(8) > 0 { bytes = CompiledFileLayout.sealed(bytes) }
    }
    return bytes.count > sizeLimit ? Array(bytes.prefix(sizeLimit)) : bytes
  }

  // MARK: Bytes

  private static let corners: [UInt64] = [
    0, 1, 2, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x10000, 0xff_ffff, 0x7fff_ffff, 0x8000_0000,
    0xffff_ffff, 0x1_0000_0000, 1 << 40, UInt64.max >> 2, UInt64.max >> 1, 1 << 63, .max - 1, .max,
  ]

  private func damage(_ bytes: inout [UInt8], other: [UInt8], _ random: inout RandomSource) {
    let position = random.below(bytes.count + 1)
    let length = random.below(min(bytes.count - position, 1 << random.below(8)) + 1)
    let range = position..<(position + length)
    switch random.below(10) {
    case 0 where position < bytes.count: bytes[position] ^= 1 << UInt8(random.below(8))
    case 1 where position < bytes.count: bytes[position] = UInt8(truncatingIfNeeded: random.next())
    case 2 where position < bytes.count: bytes[position] &+= random.below(2) == 0 ? 1 : 255
    case 3: bytes.removeSubrange(range)
    case 4: bytes.insert(contentsOf: Array(bytes[range]), at: position)
    case 5: bytes.insert(contentsOf: (0..<(1 + random.below(8))).map { _ in UInt8(random.below(256)) }, at: position)
    case 6:
      let start = random.below(other.count + 1)
      let part = other[start..<(start + random.below(min(other.count - start, 64) + 1))]
      bytes.replaceSubrange(range, with: part)
    case 7 where random.below(8) == 0: bytes.removeSubrange(position...)
    case 8:
      let corner = WireField.littleEndian(Self.corners[random.below(Self.corners.count)])
        .prefix([1, 2, 4, 8][random.below(4)])
      let number = random.below(2) == 0 ? Array(corner) : corner.reversed()
      bytes.replaceSubrange(position..<min(position + number.count, bytes.count), with: number)
    default:
      guard case .text(let words) = structure, !words.isEmpty else {
        if position < bytes.count { bytes[position] = [0, 0x7f, 0x80, 0xff][random.below(4)] }
        return
      }
      replaceValue(&bytes, at: position, with: words[random.below(words.count)], &random)
    }
  }

  /// Puts a word in place of the number, text or sign at a position.
  private func replaceValue(
    _ bytes: inout [UInt8], at position: Int, with word: String, _ random: inout RandomSource
  ) {
    func isPart(_ byte: UInt8) -> Bool { byte > 0x20 && !",:[]{}".utf8.contains(byte) }
    var start = position
    var end = position
    if random.below(4) > 0 {
      while start > 0, isPart(bytes[start - 1]) { start -= 1 }
      while end < bytes.count, isPart(bytes[end]) { end += 1 }
    }
    bytes.replaceSubrange(start..<end, with: word.utf8)
  }

  // MARK: Fields

  private func damage(_ fields: inout [WireField], donor: [WireField], _ random: inout RandomSource) {
    guard !fields.isEmpty else { return }
    let index = random.below(fields.count)
    // Most of the way down, so that leaves are met more often than the message as a whole.
    if case .message(var inner) = fields[index].content, random.below(8) > 0 {
      var donors: [WireField] = []
      for field in donor where field.number == fields[index].number {
        if case .message(let inside) = field.content { donors = inside }
      }
      damage(&inner, donor: donors, &random)
      fields[index].content = .message(inner)
      return
    }
    switch random.below(8) {
    case 0: fields.remove(at: index)
    case 1: fields.insert(fields[index], at: random.below(fields.count + 1))
    case 2: fields.swapAt(index, random.below(fields.count))
    case 3 where !donor.isEmpty: fields.insert(donor[random.below(donor.count)], at: index)
    case 4 where random.below(4) == 0: fields[index].number = UInt64(1 + random.below(24))
    default: fields[index].content = damaged(fields[index].content, &random)
    }
  }

  private func damaged(_ content: WireField.Content, _ random: inout RandomSource) -> WireField.Content {
    switch content {
    case .varint(let value):
      let changes: [UInt64] = [
        value &+ 1, value &- 1, value &* 2, 0 &- value, Self.corners[random.below(Self.corners.count)],
        UInt64(random.below(64)),
      ]
      return .varint(changes[random.below(changes.count)])
    case .fixed(let raw):
      let corner = Self.corners[random.below(Self.corners.count)]
      let numbers: [Float] = [0, -0.0, 1, -1, .nan, .infinity, -.infinity, 1e30, 1e-30, 0.5, 65_536]
      let number = WireField.littleEndian(numbers[random.below(numbers.count)].bitPattern)
      return .fixed(
        raw.count == 4 && random.below(2) == 0 ? number : Array(WireField.littleEndian(corner).prefix(raw.count)))
    case .bytes(var payload):
      damage(&payload, other: payload, &random)
      return .bytes(payload)
    case .message(let inner): return .bytes(WireField.encode(inner).reversed())
    }
  }
}

extension RandomSource {
  /// A number in 0..<limit; 0 where the limit is not positive.
  mutating func below(_ limit: Int) -> Int { limit > 1 ? Int(next() >> 1) % limit : 0 }
}

/// The checksums of PNG's chunks (ISO/IEC 15948, 5.3).
enum PNGChecksums {
  /// The file with the checksums of all chunks whose lengths are within it put right.
  static func corrected(_ file: [UInt8]) -> [UInt8] {
    var bytes = file
    var position = 8
    while position + 12 <= bytes.count {
      let length = bytes[position..<(position + 4)].reduce(0) { $0 << 8 | Int($1) }
      let end = position + 8 + length
      guard end + 4 <= bytes.count else { break }
      var remainder: UInt32 = ~0
      for byte in bytes[(position + 4)..<end] {
        remainder = table[Int((remainder ^ UInt32(byte)) & 0xff)] ^ (remainder >> 8)
      }
      let sum = ~remainder
      for shift in 0..<4 { bytes[end + shift] = UInt8(truncatingIfNeeded: sum >> UInt32(24 - 8 * shift)) }
      position = end + 4
    }
    return bytes
  }

  private static let table: [UInt32] = (0..<256).map { index in
    (0..<8).reduce(UInt32(index)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
  }
}
