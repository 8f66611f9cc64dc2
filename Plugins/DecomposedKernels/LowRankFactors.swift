import CLAPACKE
import LayerKernels

/// A matrix as the product of two thin ones: the best of its rank, by singular value decomposition (Eckart and Young 1936).
struct LowRankFactors {
  /// `[rows, rank]`, row-major.
  let left: [Float]
  /// `[rank, columns]`, row-major.
  let right: [Float]
  /// The Frobenius norm of what is left out over that of the matrix: the factors' relative error.
  let relativeError: Double

  /// Factors a row-major matrix; nil when the decomposition does not converge, which only numbers that are none cause.
  ///
  /// The singular values are shared between both factors by their square roots, so that neither has extreme numbers.
  init?(_ matrix: [Double], rows: Int, columns: Int, rank: Int) {
    let full = min(rows, columns)
    guard rank >= 1, rank <= full, matrix.count == rows * columns, matrix.allSatisfy(\.isFinite) else { return nil }
    var matrix = matrix
    var values = [Double](repeating: 0, count: full)
    var left = [Double](repeating: 0, count: rows * full)
    var right = [Double](repeating: 0, count: full * columns)
    // 101 is LAPACK_ROW_MAJOR; 'S' asks for the first `full` singular vectors on both sides.
    let status = LAPACKE_dgesdd(
      101, CChar(UInt8(ascii: "S")), Int32(rows), Int32(columns), &matrix, Int32(columns), &values, &left, Int32(full),
      &right, Int32(columns))
    guard status == 0 else { return nil }
    let all = values.reduce(0) { $0 + $1 * $1 }
    let rest = values[rank...].reduce(0) { $0 + $1 * $1 }
    relativeError = all > 0 ? (rest / all).squareRoot() : 0
    var thinLeft = [Float](repeating: 0, count: rows * rank)
    var thinRight = [Float](repeating: 0, count: rank * columns)
    for index in 0..<rank {
      let share = values[index].squareRoot()
      for row in 0..<rows { thinLeft[row * rank + index] = Float(left[row * full + index] * share) }
      for column in 0..<columns { thinRight[index * columns + column] = Float(right[index * columns + column] * share) }
    }
    self.left = thinLeft
    self.right = thinRight
  }
}

/// Ranks worth trying of a full rank, the full one first.
func candidateRanks(full: Int) -> [KernelConfiguration] {
  var ranks = [full]
  for eighths in [6, 4, 3, 2, 1] {
    let rank = max(full * eighths / 8, 1)
    if !ranks.contains(rank) { ranks.append(rank) }
  }
  return ranks.map { ["rank": $0] }
}
