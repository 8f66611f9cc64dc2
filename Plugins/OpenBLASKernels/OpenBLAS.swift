#if OpenBLAS
  import COpenBLAS
  import LayerKernels

  /// OpenBLAS as it is installed.
  enum OpenBLAS {
    /// The library and the processor that it takes this one for, which is an old one where it was built before this one was:
    /// `OPENBLAS_CORETYPE` names another. From here on it works on the thread that calls it and on no other.
    ///
    /// OpenBLAS has one number of threads for the whole process. Luthier's workers share a product themselves, so that number
    /// is 1: a program that asks for this trait and calls OpenBLAS on its own gets one thread there, too.
    static let library: VendorLibrary = {
      openblas_set_num_threads(1)
      // OpenBLAS 0.3.21 DYNAMIC_ARCH NO_AFFINITY SkylakeX MAX_THREADS=64
      let words = String(cString: openblas_get_config()).split(separator: " ")
      let numbers = words.dropFirst().prefix(1).flatMap { $0.split(separator: ".") }
        .map { Int($0.prefix { "0"..."9" ~= $0 }) ?? 0 }
      func number(_ place: Int) -> Int { numbers.indices.contains(place) ? numbers[place] : 0 }
      return VendorLibrary(
        name: "OpenBLAS", major: number(0), minor: number(1), patch: number(2),
        target: String(cString: openblas_get_corename()))
    }()

    /// A matrix in memory: the first element and the elements from a row to the next.
    struct Matrix {
      let start: UnsafePointer<Float>
      let pitch: Int

      init(_ start: UnsafePointer<Float>, pitch: Int) {
        self.start = start
        self.pitch = pitch
      }
    }

    private static let rowMajor: Int32 = 101
    private static let asIs: Int32 = 111
    private static let transposed: Int32 = 112

    /// Writes the product of `[rows, depth]` and `[depth, columns]`, or `[columns, depth]` where it is transposed.
    ///
    /// Takes the lock of OpenBLAS's pool of buffers and, at a thread's first product, memory; nothing else is allocated.
    static func multiply(
      _ a: Matrix, _ b: Matrix, transposingB: Bool, into target: UnsafeMutablePointer<Float>, pitch: Int, rows: Int,
      columns: Int, depth: Int
    ) {
      cblas_sgemm(
        rowMajor, asIs, transposingB ? transposed : asIs, Int32(truncatingIfNeeded: rows),
        Int32(truncatingIfNeeded: columns), Int32(truncatingIfNeeded: depth), 1, a.start,
        Int32(truncatingIfNeeded: a.pitch), b.start, Int32(truncatingIfNeeded: b.pitch), 0, target,
        Int32(truncatingIfNeeded: pitch))
    }

    /// Writes the product of `[rows, depth]` and a vector.
    static func multiply(
      _ a: Matrix, vector: UnsafePointer<Float>, into target: UnsafeMutablePointer<Float>, rows: Int, depth: Int
    ) {
      cblas_sgemv(
        rowMajor, asIs, Int32(truncatingIfNeeded: rows), Int32(truncatingIfNeeded: depth), 1, a.start,
        Int32(truncatingIfNeeded: a.pitch), vector, 1, 0, target, 1)
    }
  }
#endif
