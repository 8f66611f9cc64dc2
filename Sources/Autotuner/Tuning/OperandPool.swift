import LayerKernels

/// The inputs of a problem and room for its output, in one combination of layouts.
struct OperandSet {
  let inputs: [OperandMemory]
  let output: OperandMemory
}

/// The operands of a problem in each combination of layouts, made when somebody first asks for it.
///
/// Candidates that are compared run on the same memory: where activations lie in the caches then favours none of them.
final class OperandPool {
  private let problem: any LayerProblem
  private let tensors: [Tensor]
  private let isFenced: Bool
  private var sets: [OperandLayouts: OperandSet] = [:]

  /// A pool of operands that hold the given inputs.
  ///
  /// - Parameter isFenced: whether the process dies when a candidate touches what lies beyond them.
  init(_ problem: any LayerProblem, inputs tensors: [Tensor], isFenced: Bool = false) {
    self.problem = problem
    self.tensors = tensors
    self.isFenced = isFenced
  }

  /// The operands in these layouts.
  ///
  /// - Throws: `ProblemError` when a layout needs another rank or there is no such memory.
  func operands(in layouts: OperandLayouts) throws -> OperandSet {
    if let set = sets[layouts] { return set }
    let inputs = try zip(tensors, layouts.inputs).enumerated().map { index, operand in
      let memory = try OperandMemory(
        shape: operand.0.shape, layout: operand.1, steps: problem.quantisation(ofInput: index), fenced: isFenced)
      memory.fill(from: operand.0)
      return memory
    }
    let output = try OperandMemory(
      shape: problem.outputShape, layout: layouts.output, steps: problem.outputQuantisation, fenced: isFenced)
    let set = OperandSet(inputs: inputs, output: output)
    sets[layouts] = set
    return set
  }
}
