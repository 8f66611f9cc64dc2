#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// What a library's first bytes promise, checked before the system's loader maps it.
///
/// The loader believes a file's program headers: of a library that was cut off while it was copied it maps pages that are not
/// there, and touching one ends the process by SIGBUS. A library of another processor it calls a missing file.
///
/// The layout is that of the System V Application Binary Interface, chapters 4 (header) and 5 (program headers).
struct LibraryHeader {
  private static let headerSize = 64
  private static let programHeaderSize = 56
  private static let loadedSegment: UInt32 = 1

  /// The `e_machine` of this program; nil for processors that nobody has looked up.
  private static var ownMachine: UInt16? {
    #if arch(x86_64)
      62
    #elseif arch(arm64)
      183
    #else
      nil
    #endif
  }

  /// Why the loader must not see the file; nil where it may.
  static func objection(toFileAt path: String) -> String? {
    #if os(Linux)
      let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
      guard file >= 0 else { return String(cString: strerror(errno)) }
      defer { close(file) }
      var status = stat()
      guard fstat(file, &status) == 0 else { return String(cString: strerror(errno)) }
      return objection(size: Int(status.st_size)) { offset, count in
        var bytes = [UInt8](repeating: 0, count: count)
        return pread(file, &bytes, count, off_t(offset)) == count ? bytes : nil
      }
    #else
      return nil
    #endif
  }

  /// As above, of a file of `size` bytes. A file that is no 64-bit little-endian library is left to the loader's own words.
  ///
  /// - Parameter read: the bytes at an offset; nil where there are fewer.
  static func objection(size: Int, read: (_ offset: Int, _ count: Int) -> [UInt8]?) -> String? {
    guard let header = read(0, headerSize), header.starts(with: [0x7F, 0x45, 0x4C, 0x46, 2, 1]) else { return nil }
    let machine: UInt16 = header.integer(at: 18)
    if let own = ownMachine, machine != own {
      return "it was built for another processor: its ELF machine is \(machine), and this program's is \(own)"
    }
    let count = Int(header.integer(at: 56) as UInt16)
    let entrySize: UInt16 = header.integer(at: 54)
    let start: UInt64 = header.integer(at: 32)
    guard Int(entrySize) == programHeaderSize, let offset = Int(exactly: start), offset <= size,
      let entries = read(offset, count * programHeaderSize)
    else { return "its program headers are damaged or cut off" }
    for entry in stride(from: 0, to: entries.count, by: programHeaderSize)
    where entries.integer(at: entry) as UInt32 == loadedSegment {
      let begin: UInt64 = entries.integer(at: entry + 8)
      let (end, overflow) = begin.addingReportingOverflow(entries.integer(at: entry + 32))
      if overflow || end > UInt64(size) {
        return "it is cut off: the file has \(size) bytes, and a segment ends at \(overflow ? UInt64.max : end)"
      }
    }
    return nil
  }
}

extension [UInt8] {
  /// The little-endian number at an offset that the caller has checked.
  fileprivate func integer<Number: FixedWidthInteger>(at offset: Int) -> Number {
    withUnsafeBytes { Number(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: Number.self)) }
  }
}
