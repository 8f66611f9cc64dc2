import LayerKernels

/// Normalization by its definition, in 64 bits.
public struct ReferenceNormalization: LayerKernel {
  /// `reference.normalization`
  public let identifier: KernelIdentifier = "reference.normalization"
  /// The first.
  public let version = 1

  /// The kernel.
  public init() {}

  /// Always.
  public func applicability(to problem: NormalizationProblem) -> Applicability { .applies }

  /// Next to nothing.
  public func expectedEfficiency(for problem: NormalizationProblem) -> Double { referenceEfficiency }

  /// The rounding of the result.
  public func errorClass(for problem: NormalizationProblem, configuration: KernelConfiguration) -> ErrorClass {
    referenceErrorClass
  }

  /// Copies the parameters.
  public func prepare(
    _ problem: NormalizationProblem, configuration: KernelConfiguration, parameters: NormalizationParameters
  ) throws -> any PreparedKernel {
    let ones = [Float](repeating: 1, count: problem.affineCount)
    let zeros = [Float](repeating: 0, count: problem.affineCount)
    return PreparedReferenceNormalization(
      statistic: problem.statistic, epsilon: Double(problem.epsilon), extents: problem.extents,
      scale: try PackedWeights(copying: parameters.scale ?? ones),
      bias: try PackedWeights(copying: parameters.bias ?? zeros))
  }
}

private struct PreparedReferenceNormalization: PreparedKernel {
  let statistic: NormalizationProblem.Statistic
  let epsilon: Double
  let extents: (count: Int, groups: Int, length: Int, inner: Int)
  let scale: PackedWeights
  let bias: PackedWeights

  func run(_ operands: LayerOperands, phase: Int, worker: Worker) {
    let (count, groups, length, inner) = extents
    for line in worker.share(of: count) {
      let source = operands.input.base + line * length
      let target = operands.output.base + line * length
      var mean = 0.0
      if statistic == .variance {
        for index in 0..<length { mean += Double(source[index]) }
        mean /= Double(length)
      }
      var squares = 0.0
      for index in 0..<length { squares += (Double(source[index]) - mean) * (Double(source[index]) - mean) }
      let factor: Double
      switch statistic {
      case .variance, .meanSquare: factor = 1 / (squares / Double(length) + epsilon).squareRoot()
      case .length:
        let size = squares.squareRoot()
        // A line that is no number is none afterwards, either.
        factor = size <= epsilon ? (epsilon > 0 ? 1 / epsilon : 0) : 1 / size
      }
      let first = line % groups * (length / inner)
      for index in 0..<length {
        let parameter = first + index / inner
        target[index] = Float(
          (Double(source[index]) - mean) * factor * Double(scale.start[parameter]) + Double(bias.start[parameter]))
      }
    }
  }
}
