import LayerKernels
import TuningDatabase

/// How a compiled network's file is laid out.
///
/// A header, a table of sections, and the sections in the order of ``Section``, all numbers with their lowest byte first:
///
/// | Offset | Bytes | What |
/// | --- | --- | --- |
/// | 0 | 8 | ``magic`` |
/// | 8 | 4 | ``format`` |
/// | 12 | 4 | the number of sections |
/// | 16 | 8 | the file's bytes |
/// | 24 | 8 | a digest of all that stands before the weights, but for itself |
/// | 32 | 8 | a digest of the weights |
/// | 40 | 24 each | the sections: 4 bytes of ``Section``, 4 zeros, 8 of offset, 8 of size |
///
/// The weights begin on a page, each block of them on 64 bytes.
package struct CompiledFileLayout: Equatable {
  package enum Section: UInt32, CaseIterable {
    /// Of what, by whom and for which host.
    case identity = 1
    /// Where the blocks of the weights are.
    case blocks = 2
    /// Which kernel runs each step, on which blocks.
    case steps = 3
    /// The layers after the passes.
    case graph = 4
    /// Packed weights, constants, and weights that a kernel packs itself.
    case weights = 5
  }

  /// No text begins so, and no ONNX file; what changes line ends or drops the eighth bit spoils it.
  static let magic: [UInt8] = [0x89, 0x4c, 0x55, 0x54, 0x48, 0x0d, 0x0a, 0x1a]
  /// Counts up when what is written changes its form.
  package static let format = 1
  static let pageSize = 4096
  static let headerSize = 40
  static let entrySize = 24
  static let digestOffset = 24

  /// Where each section is, in bytes.
  package let sections: [Section: Range<Int>]
  /// What the weights' bytes have to give.
  let weightsDigest: UInt64

  /// Checks a file's header, table of sections and digest.
  ///
  /// - Throws: ``CompiledFileError/malformed(path:reason:)``, ``CompiledFileError/otherFormat(path:found:supported:)``.
  package init(checking bytes: UnsafeRawBufferPointer, path: String) throws(CompiledFileError) {
    let format: UInt32
    do throws(FileDamage) {
      guard Self.isMagic(bytes) else { throw FileDamage("it does not begin as one") }
      var reader = ByteReader(UnsafeRawBufferPointer(rebasing: bytes[Self.magic.count...]))
      format = try reader.fixed(UInt32.self)
      if format == Self.format {
        (sections, weightsDigest) = try Self.sections(&reader, bytes)
        return
      }
    } catch { throw .malformed(path: path, reason: error.reason) }
    throw .otherFormat(path: path, found: Int(format), supported: Self.format)
  }

  private static func sections(
    _ reader: inout ByteReader, _ bytes: UnsafeRawBufferPointer
  ) throws(FileDamage) -> ([Section: Range<Int>], UInt64) {
    guard try reader.fixed(UInt32.self) == Section.allCases.count else { throw FileDamage("it has other sections") }
    let size = try reader.fixed(UInt64.self)
    guard size == bytes.count else { throw FileDamage("it has \(bytes.count) bytes instead of \(size)") }
    let (digest, weightsDigest) = (try reader.fixed(UInt64.self), try reader.fixed(UInt64.self))
    var sections: [Section: Range<Int>] = [:]
    var end = headerSize + entrySize * Section.allCases.count
    for section in Section.allCases {
      guard try reader.fixed(UInt32.self) == section.rawValue, try reader.fixed(UInt32.self) == 0 else {
        throw FileDamage("its sections are in another order")
      }
      let (start, length) = (try reader.fixed(UInt64.self), try reader.fixed(UInt64.self))
      guard start >= end, start <= bytes.count, length <= UInt64(bytes.count) - start else {
        throw FileDamage("a section is outside the file")
      }
      let range = Int(start)..<Int(start + length)
      sections[section] = range
      end = range.upperBound
    }
    guard end == bytes.count, let weights = sections[.weights], weights.lowerBound % pageSize == 0 else {
      throw FileDamage("the weights do not lie at its end on a page")
    }
    guard self.digest(of: bytes, before: weights.lowerBound) == digest else {
      throw FileDamage("its tables are not as they were written")
    }
    return (sections, weightsDigest)
  }

  /// Whether bytes begin as a compiled network's file does.
  package static func isMagic(_ bytes: UnsafeRawBufferPointer) -> Bool { bytes.starts(with: magic) }

  /// The digest of what stands before the weights, but for itself.
  static func digest(of bytes: UnsafeRawBufferPointer, before end: Int) -> UInt64 {
    let after = UnsafeRawBufferPointer(rebasing: bytes[(digestOffset + 8)..<end])
    return digest(of: UnsafeRawBufferPointer(rebasing: bytes[..<digestOffset])) &* 31 &+ digest(of: after)
  }

  static func digest(of bytes: UnsafeRawBufferPointer) -> UInt64 {
    var hash = StableHash()
    let words = bytes.count / 8
    for word in 0..<words { hash.combine(bytes.loadUnaligned(fromByteOffset: word * 8, as: UInt64.self).littleEndian) }
    for byte in bytes[(words * 8)...] { hash.combine(UInt64(byte)) }
    hash.combine(UInt64(bytes.count))
    return UInt64(hash.digest, radix: 16) ?? 0
  }

  /// A file of the given sections; the weights are written by whoever has them.
  ///
  /// - Parameters:
  ///   - tables: all sections but the weights.
  ///   - weightsSize: their bytes.
  static func file(
    _ tables: [(Section, [UInt8])], weightsSize: Int, weights: (inout ByteWriter) -> Void
  ) -> [UInt8] {
    var position = headerSize + entrySize * Section.allCases.count
    var entries = ByteWriter()
    for (section, bytes) in tables {
      entries.fixed(section.rawValue)
      entries.fixed(0 as UInt32)
      entries.fixed(UInt64(position))
      entries.fixed(UInt64(bytes.count))
      position += bytes.count
    }
    let start = (position + pageSize - 1) / pageSize * pageSize
    entries.fixed(Section.weights.rawValue)
    entries.fixed(0 as UInt32)
    entries.fixed(UInt64(start))
    entries.fixed(UInt64(weightsSize))
    var writer = ByteWriter()
    for byte in magic { writer.write(byte) }
    writer.fixed(UInt32(format))
    writer.fixed(UInt32(Section.allCases.count))
    writer.fixed(UInt64(start + weightsSize))
    writer.fixed(0 as UInt64)
    writer.fixed(0 as UInt64)
    entries.bytes.withUnsafeBytes { writer.append($0) }
    for (_, bytes) in tables { bytes.withUnsafeBytes { writer.append($0) } }
    writer.pad(to: pageSize)
    weights(&writer)
    return sealed(writer.bytes)
  }

  /// A file whose digests are made right, if its header can be found.
  package static func sealed(_ file: [UInt8]) -> [UInt8] {
    var file = file
    func put(_ digest: UInt64, at offset: Int) {
      for index in 0..<8 { file[offset + index] = UInt8(truncatingIfNeeded: digest >> UInt64(8 * index)) }
    }
    let start = headerSize + entrySize * (Section.allCases.count - 1) + 8
    guard file.count >= start + 16 else { return file }
    let offset = file.withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: start, as: UInt64.self)) }
    guard let weights = Int(exactly: offset), weights > start, weights <= file.count else { return file }
    put(file.withUnsafeBytes { digest(of: UnsafeRawBufferPointer(rebasing: $0[weights...])) }, at: digestOffset + 8)
    put(file.withUnsafeBytes { digest(of: $0, before: weights) }, at: digestOffset)
    return file
  }
}
