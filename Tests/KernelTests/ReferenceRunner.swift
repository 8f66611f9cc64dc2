import LayerKernels
import ReferenceKernels
import Testing

/// Runs the reference kernel of a problem in each of its configurations, alone and with three workers.
enum ReferenceRunner {
  /// The output's elements, which are the same each time.
  static func output<Problem: LayerProblem>(
    _ problem: Problem, _ parameters: Problem.Parameters, _ inputs: [[Float]]
  ) throws -> [Float] {
    var registry = KernelRegistry()
    try registerReferenceKernels(in: &registry)
    var output: Tensor?
    for candidate in registry.candidates(for: problem) {
      let prepared = try candidate.prepare(parameters: parameters)
      for workers in [1, 3] {
        let tensor = try run(candidate, prepared, inputs, workers: workers)
        if let output { #expect(output.hasSameBits(as: tensor), "\(candidate.name) with \(workers) workers") }
        output = output ?? tensor
      }
    }
    return try #require(output).elements
  }

  static func output<Problem: LayerProblem>(
    _ problem: Problem, _ inputs: [Float]...
  ) throws -> [Float] where Problem.Parameters == NoParameters {
    try output(problem, NoParameters(), inputs)
  }

  private static func run(
    _ candidate: Candidate, _ prepared: any PreparedKernel, _ inputs: [[Float]], workers: Int
  ) throws -> Tensor {
    let problem = candidate.problem
    let memories = try problem.inputShapes.indices.map { index in
      let memory = try OperandMemory(
        shape: problem.inputShapes[index], layout: candidate.layouts.inputs[index], shuffling: 2,
        steps: problem.quantisation(ofInput: index))
      memory.fill(from: try Tensor(shape: problem.inputShapes[index], elements: inputs[index]))
      return memory
    }
    let output = try OperandMemory(
      shape: problem.outputShape, layout: candidate.layouts.output, steps: problem.outputQuantisation)
    let workspace = WorkspaceMemory(byteCount: prepared.workspaceSize(workers: workers))
    let list = (memories + [output]).map(\.operand)
    withExtendedLifetime((memories, workspace)) {
      list.withUnsafeBufferPointer { list in
        guard let first = list.baseAddress else { return }
        let operands = LayerOperands(inputs: first, output: output.operand, workspace: workspace.start)
        for index in 0..<workers { prepared.run(operands, phase: 0, worker: Worker(index: index, count: workers)) }
      }
    }
    return output.tensor()
  }
}

/// Whether numbers agree to five digits.
func areClose(_ found: [Float], _ expected: [Float]) -> Bool {
  found.count == expected.count && zip(found, expected).allSatisfy { abs($0 - $1) <= 1e-5 * max(abs($1), 1) }
}
