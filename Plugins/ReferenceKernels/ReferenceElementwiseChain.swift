import LayerKernels

/// Several functions of corresponding elements by their definitions, in 64 bits from the inputs to the output.
public struct ReferenceElementwiseChain: LayerKernel {
  /// `reference.elementwise-chain`
  public let identifier: KernelIdentifier = "reference.elementwise-chain"
  /// The first.
  public let version = 1

  /// The kernel.
  public init() {}

  /// Always.
  public func applicability(to problem: ElementwiseChainProblem) -> Applicability { .applies }

  /// Next to nothing.
  public func expectedEfficiency(for problem: ElementwiseChainProblem) -> Double { referenceEfficiency }

  /// The rounding of the result.
  public func errorClass(for problem: ElementwiseChainProblem, configuration: KernelConfiguration) -> ErrorClass {
    referenceErrorClass
  }

  /// Finds out how each input is walked.
  public func prepare(
    _ problem: ElementwiseChainProblem, configuration: KernelConfiguration, parameters: NoParameters
  ) throws -> any PreparedKernel {
    let shape = problem.outputShape
    return PreparedReferenceElementwiseChain(
      steps: problem.steps, sizes: shape.dimensions,
      strides: problem.inputShapes.map { ReferenceElementwise.strides($0, within: shape) })
  }
}

private struct PreparedReferenceElementwiseChain: PreparedKernel {
  let steps: [ElementwiseChainProblem.Step]
  let sizes: [Int]
  let strides: [[Int]]

  func workspaceSize(workers: Int) -> Int { workers * steps.count * MemoryLayout<Double>.stride }

  func run(_ operands: LayerOperands, phase: Int, worker: Worker) {
    let values = operands.workspace.assumingMemoryBound(to: Double.self) + worker.index * steps.count
    for item in worker.share(of: sizes.reduce(1, *)) {
      for (index, step) in steps.enumerated() {
        let left = value(step.operands[0], values, operands, item)
        switch step.function {
        case .unary(let activation): values[index] = activation(left)
        case .squareRoot: values[index] = left.squareRoot()
        case .binary(let binary, let activation):
          values[index] = activation(binary(left, value(step.operands[1], values, operands, item)))
        }
      }
      operands.output.base[item] = Float(values[steps.count - 1])
    }
  }

  private func value(
    _ operand: ElementwiseChainProblem.Operand, _ values: UnsafePointer<Double>, _ operands: LayerOperands, _ item: Int
  ) -> Double {
    switch operand {
    case .step(let index): return values[index]
    case .input(let input):
      return Double(operands.inputs[input].base[ReferenceElementwise.offset(of: item, sizes, strides[input])])
    }
  }
}
