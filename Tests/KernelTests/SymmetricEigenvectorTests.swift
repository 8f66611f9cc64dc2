import DecomposedKernels
import Foundation
import LayerKernels
import Testing

@Suite(
  "Eigenvectors of symmetric matrices", .enabled(if: SymmetricEigenvectors.isAvailable, "LAPACKE is not installed"))
struct SymmetricEigenvectorTests {
  /// How OpenBLAS is asked for and told its number of threads, where LAPACK is its; nil elsewhere.
  static let (threads, setThreads): (Getter?, Setter?) = {
    guard let library = dlopen("liblapacke.so.3", RTLD_NOW | RTLD_LOCAL) else { return (nil, nil) }
    return (
      dlsym(library, "openblas_get_num_threads").map { unsafeBitCast($0, to: Getter.self) },
      dlsym(library, "openblas_set_num_threads").map { unsafeBitCast($0, to: Setter.self) }
    )
  }()
  typealias Getter = @Sendable @convention(c) () -> Int32
  typealias Setter = @Sendable @convention(c) (Int32) -> Void

  func matrix(_ count: Int) -> [Double] {
    var random = RandomSource(seed: UInt64(count))
    var matrix = [Double](repeating: 0, count: count * count)
    for row in 0..<count {
      for column in row..<count {
        matrix[row * count + column] = Double(random.nextFloat())
        matrix[column * count + row] = matrix[row * count + column]
      }
    }
    return matrix
  }

  @Test(
    "A matrix times an eigenvector is the vector times its value, and vectors have length 1", arguments: [1, 2, 7, 48])
  func definition(count: Int) throws {
    let matrix = matrix(count)
    var vectors = matrix
    let values = try #require(SymmetricEigenvectors.replace(&vectors, count: count))
    #expect(values == values.sorted())
    for index in 0..<count {
      let vector = (0..<count).map { vectors[$0 * count + index] }
      #expect(abs(vector.reduce(0) { $0 + $1 * $1 } - 1) < 1e-13 * Double(count))
      for row in 0..<count {
        let product = (0..<count).reduce(0) { $0 + matrix[row * count + $1] * vector[$1] }
        #expect(abs(product - values[index] * vector[row]) < 1e-13 * Double(count))
      }
    }
  }

  @Test("They have the same bits however many threads LAPACK may use, and whoever else asks for some")
  func bits() throws {
    let count = 96
    let matrix = matrix(count)
    @Sendable func solve() -> [UInt64] {
      var vectors = matrix
      let values = SymmetricEigenvectors.replace(&vectors, count: count) ?? []
      return (vectors + values).map(\.bitPattern)
    }
    let before = Self.threads?()
    defer { if let before { Self.setThreads?(before) } }
    Self.setThreads?(1)
    let expected = solve()
    for threads in [Int32](2...3) {
      Self.setThreads?(threads)
      let isEqual = Lock<[Bool]>([])
      DispatchQueue.concurrentPerform(iterations: 8) { _ in
        let result = solve() == expected
        isEqual.withLock { $0.append(result) }
      }
      #expect(isEqual.withLock { $0 } == Array(repeating: true, count: 8), "\(threads) threads")
    }
  }
}
