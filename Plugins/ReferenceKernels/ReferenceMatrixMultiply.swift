import LayerKernels

/// The product of matrices by its definition, summed in 64 bits.
public struct ReferenceMatrixMultiply: LayerKernel {
  /// `reference.matrix-multiply`
  public let identifier: KernelIdentifier = "reference.matrix-multiply"
  /// The first.
  public let version = 1

  /// The kernel.
  public init() {}

  /// Always.
  public func applicability(to problem: MatrixMultiplyProblem) -> Applicability { .applies }

  /// Next to nothing.
  public func expectedEfficiency(for problem: MatrixMultiplyProblem) -> Double { referenceEfficiency }

  /// The rounding of the result.
  public func errorClass(for problem: MatrixMultiplyProblem, configuration: KernelConfiguration) -> ErrorClass {
    referenceErrorClass
  }

  /// Copies the weights and the bias.
  public func prepare(
    _ problem: MatrixMultiplyProblem, configuration: KernelConfiguration, parameters: MatrixMultiplyParameters
  ) throws -> any PreparedKernel {
    PreparedReferenceMatrixMultiply(
      problem: problem, weights: try PackedWeights(copying: parameters.weights?.elements ?? []),
      bias: try PackedWeights(copying: parameters.bias ?? []))
  }
}

private struct PreparedReferenceMatrixMultiply: PreparedKernel {
  let problem: MatrixMultiplyProblem
  let weights: PackedWeights
  let bias: PackedWeights

  func run(_ operands: LayerOperands, phase: Int, worker: Worker) {
    let (depth, columns) = (problem.depth, problem.columns)
    let output = operands.output.base
    let residual = problem.epilogue.hasResidual ? operands.inputs[problem.hasConstantWeights ? 1 : 2].base : nil
    for item in worker.share(of: problem.outputShape.elementCount) {
      let column = item % columns
      let row = operands.input.base + item / columns * depth
      var sum = bias.count > 0 ? Double(bias.start[column]) : 0
      if problem.hasConstantWeights {
        let weights = weights.start + column * depth
        for k in 0..<depth { sum += Double(row[k]) * Double(weights[k]) }
      } else {
        let matrix = operands.inputs[1].base + item / columns / problem.rows * depth * columns + column
        for k in 0..<depth { sum += Double(row[k]) * Double(matrix[k * columns]) }
      }
      if let residual { sum += Double(residual[item]) }
      output[item] = Float(problem.epilogue.activation(sum))
    }
  }
}
