import KernelConformance
import LayerKernels
import MicroKernels
import Testing

/// An activation that needs an exponential.
struct SweptActivation: Sendable, CustomTestStringConvertible {
  let activation: Activation
  var testDescription: String { activation.description }

  /// Below which magnitude of the result the error is judged as that of a result so large.
  var smallestResult: Double {
    switch activation {
    // The exponent is a product, whose rounding counts the more the further the result is from one.
    case .scaledSwish: 1e-4
    case .geluTanh: 1e-3
    // Below the normal numbers there is no relative precision left, and some machines keep none at all.
    default: 1e-30
    }
  }

  static let all = ConformanceProblems.activations.filter { activation in
    switch activation {
    // Sums that are clamped: near their zeros they have the error of a sum.
    case .hardSwish, .hardSigmoid: false
    default: activation.clampBounds == nil
    }
  }
  .map(SweptActivation.init)
}

@Suite("Accuracy of the vectorised activations")
struct ActivationAccuracyTests {
  /// Applies an activation to numbers by the row function of an instruction set.
  private func apply(_ activation: Activation, to numbers: [Float], _ set: MicroKernelSet) -> [Float] {
    let source = Block(numbers)
    let target = Block<Float>(repeating: 77, count: numbers.count)
    var arguments = ElementwiseRowArguments(
      TileActivation(activation), of: source.start, target: target.start, count: numbers.count)
    set.planes.elementwise(&arguments)
    return numbers.indices.map { target[$0] }
  }

  /// Every 4099th bit pattern of both signs up to infinity, and a fine walk through the numbers that layers make.
  private static let numbers: [Float] = {
    let patterns = stride(from: UInt32(0), to: Float.infinity.bitPattern, by: 4099).map { Float(bitPattern: $0) }
    let near = stride(from: Float(-24), through: 24, by: 1 / 1024).map { $0 + 1 / 3001 }
    return patterns + patterns.map { -$0 } + near
  }()

  @Test("an activation is within a millionth of its definition everywhere", arguments: SweptActivation.all)
  func sweep(swept: SweptActivation) {
    for set in runnableSets {
      let found = apply(swept.activation, to: Self.numbers, set)
      var worst = (error: 0.0, x: Float(0), found: Float(0))
      for (x, y) in zip(Self.numbers, found) {
        let expected = swept.activation(Double(x))
        guard expected.magnitude < Double(Float.greatestFiniteMagnitude) else {
          #expect(!y.isFinite, "\(set.name): \(swept.activation)(\(x)) is \(y)")
          continue
        }
        let scale = max(expected.magnitude, swept.smallestResult)
        let error = (Double(y) - expected).magnitude / scale
        if !(error <= worst.error) { worst = (error, x, y) }
      }
      #expect(
        worst.error < 1e-6,
        "\(set.name): \(swept.activation)(\(worst.x)) is \(worst.found), not \(swept.activation(Double(worst.x)))")
    }
  }

  @Test("a NaN becomes the least step where outputs are rounded, as whole numbers have none")
  func roundedNaN() {
    let activation = Activation.quantized(step: 0.5, lower: -3, upper: 4)
    #expect(activation(.nan) == -1.5)
    for set in runnableSets {
      #expect(apply(activation, to: [.nan, .infinity, -.infinity, 0.8, -9], set) == [-1.5, 2, -1.5, 1, -1.5])
    }
  }

  @Test("a NaN and infinities end as the definition says", arguments: SweptActivation.all)
  func ends(swept: SweptActivation) {
    let numbers: [Float] = [.nan, .infinity, -.infinity, 0, -0, .greatestFiniteMagnitude, -.greatestFiniteMagnitude]
    for set in runnableSets {
      for (x, y) in zip(numbers, apply(swept.activation, to: numbers, set)) {
        let expected = Float(swept.activation(Double(x)))
        #expect(
          expected.isNaN ? y.isNaN : expected.isInfinite ? y == expected : (y - expected).magnitude <= 1e-6,
          "\(set.name): \(swept.activation)(\(x)) is \(y), not \(expected)")
      }
    }
  }

  @Test("an activation of a row touches nothing behind it, and its last elements are as exact as the others")
  func tails() {
    for set in runnableSets {
      for count in [1, 3, 7, 15, 17, 33, 511, 513, 700] {
        let numbers = (0..<count).map { Float($0 % 13) - 6 }
        let row = Block(numbers + [Float](repeating: 77, count: 16))
        var arguments = ElementwiseRowArguments(
          TileActivation(.gelu), of: row.start, target: row.start, count: count)
        set.planes.elementwise(&arguments)
        let error = (0..<count).map { (Double(row[$0]) - Activation.gelu(Double(numbers[$0]))).magnitude }.max() ?? 0
        #expect(error < 1e-6)
        #expect((count..<count + 16).allSatisfy { row[$0] == 77 })
      }
    }
  }
}
