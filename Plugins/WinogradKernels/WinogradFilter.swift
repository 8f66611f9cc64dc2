/// Filters transformed for Winograd's minimal filtering F(m×m, 3×3).
struct WinogradFilter {
  /// Rows and columns of an output tile, m.
  let size: Int

  /// Rows and columns of an input tile, α = m + 2.
  var extent: Int { size + 2 }

  /// G of F(2, 3) and F(4, 3) (Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2016).
  private var matrix: [[Double]] {
    let (sixth, twelfth, twentyFourth) = (1.0 / 6, 1.0 / 12, 1.0 / 24)
    guard size == 4 else { return [[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]] }
    return [
      [0.25, 0, 0], [-sixth, -sixth, -sixth], [-sixth, sixth, -sixth], [twentyFourth, twelfth, sixth],
      [twentyFourth, -twelfth, sixth], [0, 0, 1],
    ]
  }

  /// G g Gᵀ of each 3×3 filter, in 64 bits until the end: element e of filter f is at `e · filters + f`.
  func transformed(_ filters: UnsafeBufferPointer<Float>) -> [Float] {
    let g = matrix
    let count = filters.count / 9
    var result = [Float](repeating: 0, count: count * extent * extent)
    var half = [Double](repeating: 0, count: extent * 3)
    for filter in 0..<count {
      for row in 0..<extent {
        for column in 0..<3 {
          half[row * 3 + column] = (0..<3).reduce(0.0) {
            $0 + g[row][$1] * Double(filters[filter * 9 + $1 * 3 + column])
          }
        }
      }
      for row in 0..<extent {
        for column in 0..<extent {
          let value = (0..<3).reduce(0.0) { $0 + half[row * 3 + $1] * g[column][$1] }
          result[(row * extent + column) * count + filter] = Float(value)
        }
      }
    }
    return result
  }
}
