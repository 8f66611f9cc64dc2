#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif
import CProcessor

/// The words that this program was started with, its own name first.
///
/// Swift's `CommandLine` reads them from `/proc`, and has none where that is not mounted.
package enum ProgramWords {
  /// The words, as bytes: names of files need not be text.
  package static let all: [[UInt8]] = {
    let known = (0..<Int(CommandLine.argc)).compactMap { CommandLine.unsafeArgv[$0] }
    if !known.isEmpty { return known.map { Array(UnsafeRawBufferPointer(start: $0, count: strlen($0))) } }
    #if os(Linux)
      guard let first = luthier_program_word(), let path = luthier_executed_path(), first < path else { return [] }
      // Linux lays out the words, the environment and the path in one row, each with a NUL after it.
      var end = path
      var variable = environ
      while let text = variable.pointee {
        if UnsafePointer(text) > first { end = min(end, UnsafePointer(text)) }
        variable += 1
      }
      return words(in: Array(UnsafeRawBufferPointer(start: first, count: end - first)))
    #else
      return []
    #endif
  }()

  /// The words of a row, each of which has a NUL after it.
  package static func words(in row: [UInt8]) -> [[UInt8]] {
    row.split(separator: 0, omittingEmptySubsequences: false).dropLast().map(Array.init)
  }

  /// The path that the system was asked to execute; nil where it does not tell.
  package static var executedPath: String? {
    #if os(Linux)
      return luthier_executed_path().map { String(cString: $0) }
    #else
      return nil
    #endif
  }
}
