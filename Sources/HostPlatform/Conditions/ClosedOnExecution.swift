#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif
import CProcessor

/// Pipes and sockets that no program inherits which this process starts, unless it is handed an end.
///
/// On Linux from the moment at which they are there: between making one and marking it, another thread may start a program that
/// then keeps an end open, and whoever waits at the other end is not told that its partner has died.
package enum ClosedOnExecution {
  /// As `pipe()`: 0, or -1 with `errno` set. Two descriptors are written: the end to read from and the one to write to.
  package static func pipe(_ ends: UnsafeMutablePointer<Int32>) -> Int32 {
    #if os(Linux)
      luthier_pipe(ends, O_CLOEXEC)
    #else
      marked(ends, systemPipe(ends))
    #endif
  }

  /// As `socketpair()` of connected stream sockets: 0, or -1 with `errno` set. Two descriptors are written.
  package static func socketPair(_ ends: UnsafeMutablePointer<Int32>) -> Int32 {
    #if canImport(Glibc)
      socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, ends)
    #elseif os(Linux)
      socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends)
    #else
      marked(ends, socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
    #endif
  }

  #if !os(Linux)
    private static func systemPipe(_ ends: UnsafeMutablePointer<Int32>) -> Int32 { Darwin.pipe(ends) }

    private static func marked(_ ends: UnsafeMutablePointer<Int32>, _ result: Int32) -> Int32 {
      if result == 0 { for end in 0..<2 { _ = fcntl(ends[end], F_SETFD, FD_CLOEXEC) } }
      return result
    }
  #endif
}
