#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif
import LayerKernels

/// Eigenvalues and eigenvectors of symmetric matrices by LAPACKE (LAPACK Users' Guide, section 2.4.4), the same bits for the same
/// matrix, whatever else the process does.
///
/// OpenBLAS, which is most systems' LAPACK, shares its products among threads: how it cuts them, and so how they are rounded,
/// depends on their number, and while several callers are in it its threads spend more time waiting than computing. A fork of the
/// process ends its threads, in the middle of a call too, which then never returns. So one caller at a time is let in, with one
/// thread of OpenBLAS. The number is a setting of the process, which is put back at once.
///
/// Found when it is needed and not when the program starts: LAPACK brings a BLAS whose start-up costs milliseconds and a thread, and
/// only kernels of low rank ask for it.
package enum SymmetricEigenvectors {
  private typealias Routine =
    @Sendable @convention(c) (
      _ layout: Int32, _ job: CChar, _ triangle: CChar, _ count: Int32, _ matrix: UnsafeMutablePointer<Double>?,
      _ stride: Int32, _ values: UnsafeMutablePointer<Double>?
    ) -> Int32

  private struct Library: Sendable {
    let routine: Routine
    /// How OpenBLAS's number of threads is asked for and set; nil in another library.
    let threads: (@Sendable @convention(c) () -> Int32)?
    let setThreads: (@Sendable @convention(c) (Int32) -> Void)?
  }

  private static let library: Library? = {
    for name in ["liblapacke.so.3", "liblapacke.so", "liblapacke.dylib"] {
      guard let library = dlopen(name, RTLD_NOW | RTLD_LOCAL) else { continue }
      if let routine = dlsym(library, "LAPACKE_dsyevd") {
        return Library(
          routine: unsafeBitCast(routine, to: Routine.self),
          threads: dlsym(library, "openblas_get_num_threads").map {
            unsafeBitCast($0, to: (@Sendable @convention(c) () -> Int32).self)
          },
          setThreads: dlsym(library, "openblas_set_num_threads").map {
            unsafeBitCast($0, to: (@Sendable @convention(c) (Int32) -> Void).self)
          })
      }
    }
    return nil
  }()

  private static let turn = Lock(())

  /// Whether LAPACKE is installed.
  package static var isAvailable: Bool { library != nil }

  /// Replaces a symmetric matrix, whose upper triangle is given row by row, by its eigenvectors, which are columns.
  ///
  /// - Returns: the eigenvalues in ascending order; nil when the method does not converge, or there is no LAPACKE.
  package static func replace(_ matrix: inout [Double], count: Int) -> [Double]? {
    guard let library, matrix.count == count * count, let size = Int32(exactly: count) else { return nil }
    var values = [Double](repeating: 0, count: count)
    let status = turn.withLock { _ in
      let before = library.threads?()
      library.setThreads?(1)
      // 101 is LAPACK_ROW_MAJOR; 'V' asks for vectors, 'U' says that the upper triangle is given.
      let status = library.routine(
        101, CChar(UInt8(ascii: "V")), CChar(UInt8(ascii: "U")), size, &matrix, size, &values)
      if let before, before > 0 { library.setThreads?(before) }
      return status
    }
    return status == 0 ? values : nil
  }
}
