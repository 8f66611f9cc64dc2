/// Filters transformed for Winograd's minimal filtering F(m×m, 3×3).
struct WinogradFilter {
  /// Rows and columns of an output tile, m.
  let size: Int

  /// Rows and columns of an input tile, α = m + 2.
  var extent: Int { size + 2 }

  /// G, α rows of three, of F(2, 3) and F(4, 3) (Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2016), and
  /// of F(6, 3) by the same construction from the points 0, ±1, ±2, ±½.
  private var matrix: [[Double]] {
    switch size {
    case 2: [[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]]
    case 4:
      [
        [1 / 4, 0, 0], [-1 / 6, -1 / 6, -1 / 6], [-1 / 6, 1 / 6, -1 / 6], [1 / 24, 1 / 12, 1 / 6],
        [1 / 24, -1 / 12, 1 / 6], [0, 0, 1],
      ]
    default:
      [
        [1, 0, 0], [-2 / 9, -2 / 9, -2 / 9], [-2 / 9, 2 / 9, -2 / 9], [1 / 90, 1 / 45, 2 / 45],
        [1 / 90, -1 / 45, 2 / 45],
        [32 / 45, 16 / 45, 8 / 45], [32 / 45, -16 / 45, 8 / 45], [0, 0, 1],
      ]
    }
  }

  /// G g Gᵀ of each 3×3 filter, in 64 bits until the end: element e of filter f is at `e · filters + f`.
  func transformed(_ filters: UnsafeBufferPointer<Float>) -> [Float] {
    let rows = matrix.map { SIMD3($0[0], $0[1], $0[2]) }
    let count = filters.count / 9
    let extent = extent
    return [Float](unsafeUninitializedCapacity: count * extent * extent) { result, initialized in
      for filter in 0..<count {
        func column(_ index: Int) -> SIMD3<Double> {
          let start = filter * 9 + index
          return SIMD3(Double(filters[start]), Double(filters[start + 3]), Double(filters[start + 6]))
        }
        let (first, second, third) = (column(0), column(1), column(2))
        for row in 0..<extent {
          let factors = rows[row]
          let half = SIMD3((factors * first).sum(), (factors * second).sum(), (factors * third).sum())
          for column in 0..<extent {
            result[(row * extent + column) * count + filter] = Float((half * rows[column]).sum())
          }
        }
      }
      initialized = count * extent * extent
    }
  }
}
