import LayerKernels

/// A matrix as the product of two thin ones: the best of its rank, by its singular vectors (Eckart and Young 1936).
struct LowRankFactors {
  /// `[rows, rank]`, row-major.
  let left: [Float]
  /// `[rank, columns]`, row-major.
  let right: [Float]
  /// The Frobenius norm of what is left out over that of the matrix: the factors' relative error, known to 10⁻⁸.
  let relativeError: Double

  /// Factors a row-major matrix; nil when the decomposition does not converge, which only numbers that are none cause.
  ///
  /// The singular values are shared between both factors by their square roots, so that neither has extreme numbers.
  init?(_ matrix: [Double], rows: Int, columns: Int, rank: Int) {
    guard rank >= 1, rank <= min(rows, columns), matrix.count == rows * columns, matrix.allSatisfy(\.isFinite) else {
      return nil
    }
    guard rows <= columns else {
      let transposed = Self.transposed(matrix, rows: rows, columns: columns)
      guard let factors = LowRankFactors(transposed, rows: columns, columns: rows, rank: rank) else { return nil }
      left = Self.transposed(factors.right, rows: rank, columns: rows)
      right = Self.transposed(factors.left, rows: columns, columns: rank)
      relativeError = factors.relativeError
      return
    }
    guard let basis = PrincipalBasis.of(matrix, rows: rows, columns: columns) else { return nil }
    let all = basis.energies.reduce(0, +)
    relativeError = all > 0 ? (basis.energies[rank...].reduce(0, +) / all).squareRoot() : 0
    var thinLeft = [Float](repeating: 0, count: rows * rank)
    var thinRight = [Float](repeating: 0, count: rank * columns)
    var projection = [Double](repeating: 0, count: columns)
    for index in 0..<rank {
      let value = basis.energies[index].squareRoot().squareRoot()
      let share = value > 0 ? value : 1
      for column in 0..<columns { projection[column] = 0 }
      for row in 0..<rows {
        let factor = basis.vectors[index * rows + row]
        thinLeft[row * rank + index] = Float(factor * share)
        for column in 0..<columns { projection[column] += factor * matrix[row * columns + column] }
      }
      for column in 0..<columns { thinRight[index * columns + column] = Float(projection[column] / share) }
    }
    left = thinLeft
    right = thinRight
  }

  /// Why there are no factors, in words a person can act on.
  static var failure: String {
    SymmetricEigenvectors.isAvailable
      ? "the weights hold infinities or NaN" : "LAPACKE is not there; install it (liblapacke, liblapacke-dev)"
  }

  private static func transposed<Element>(_ matrix: [Element], rows: Int, columns: Int) -> [Element] {
    (0..<(rows * columns)).map { matrix[($0 % rows) * columns + $0 / rows] }
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
