import LayerKernels

/// The left singular vectors of a matrix with no more rows than columns, as eigenvectors of the matrix times its transpose.
///
/// That costs a fraction of a full decomposition where the matrix is much wider than high, as filters are. Squaring loses the
/// singular values below 10⁻⁸ of the largest, but not the vectors' orthogonality, and only that has to be exact: a matrix is the
/// product of the vectors with what it projects onto them.
struct PrincipalBasis: Sendable {
  /// The matrix's rows, and so the number and length of the vectors.
  let count: Int
  /// The squares of the singular values, the largest first.
  let energies: [Double]
  /// `[count, count]`, row-major: a vector is a row.
  let vectors: [Double]

  /// The basis of a row-major matrix; nil when the decomposition does not converge, or there is no LAPACKE.
  private init?(_ matrix: [Double], rows: Int, columns: Int) {
    var gram = Self.gram(matrix, rows: rows, columns: columns)
    guard let values = SymmetricEigenvectors.replace(&gram, count: rows) else { return nil }
    count = rows
    energies = values.reversed().map { max($0, 0) }
    var vectors = [Double](repeating: 0, count: rows * rows)
    for index in 0..<rows {
      for element in 0..<rows { vectors[index * rows + element] = gram[element * rows + rows - 1 - index] }
    }
    self.vectors = vectors
  }

  private struct Remembered: Sendable {
    let rows: Int
    let digest: Int
    let basis: PrincipalBasis
  }

  private static let last = Lock<Remembered?>(nil)

  /// The basis of a matrix. The last one is remembered, since a tuner asks for one rank of a matrix after another.
  static func of(_ matrix: [Double], rows: Int, columns: Int) -> PrincipalBasis? {
    var hasher = Hasher()
    for element in matrix { hasher.combine(element.bitPattern) }
    let digest = hasher.finalize()
    let known = last.withLock { $0 }
    if let known, known.rows == rows, known.digest == digest { return known.basis }
    guard let basis = PrincipalBasis(matrix, rows: rows, columns: columns) else { return nil }
    last.withLock { $0 = Remembered(rows: rows, digest: digest, basis: basis) }
    return basis
  }

  /// The upper triangle of the matrix times its transpose.
  private static func gram(_ matrix: [Double], rows: Int, columns: Int) -> [Double] {
    var gram = [Double](repeating: 0, count: rows * rows)
    matrix.withUnsafeBufferPointer { matrix in
      for row in 0..<rows {
        for other in row..<rows {
          var sums = SIMD8<Double>.zero
          var column = 0
          while column + 8 <= columns {
            let left = UnsafeRawPointer(matrix.baseAddress.unsafelyUnwrapped + row * columns + column)
            let right = UnsafeRawPointer(matrix.baseAddress.unsafelyUnwrapped + other * columns + column)
            sums += left.loadUnaligned(as: SIMD8<Double>.self) * right.loadUnaligned(as: SIMD8<Double>.self)
            column += 8
          }
          var sum = sums.sum()
          while column < columns {
            sum += matrix[row * columns + column] * matrix[other * columns + column]
            column += 1
          }
          gram[row * rows + other] = sum
        }
      }
    }
    return gram
  }
}
