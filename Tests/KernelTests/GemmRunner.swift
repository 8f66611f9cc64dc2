import LayerKernels
import Testing

/// Runs one configuration of a kernel on random operands and compares it with the definition in 64-bit arithmetic.
enum GemmRunner {
  /// Checks a convolution kernel's configuration.
  static func check<Kernel: LayerKernel<ConvolutionProblem>>(
    _ kernel: Kernel, _ problem: ConvolutionProblem, _ configuration: KernelConfiguration, workers: Int = 1
  ) throws {
    var random = RandomSource(seed: 11)
    let parameters = problem.randomParameters(from: &random)
    let inputs = problem.randomInputs(from: &random)
    let output = try run(kernel, problem, configuration, parameters, inputs, workers: workers)
    compare(output, convolution(problem, parameters, inputs), "\(problem.key) [\(configuration)] on \(workers)")
  }

  /// Checks a matrix product kernel's configuration.
  static func check<Kernel: LayerKernel<MatrixMultiplyProblem>>(
    _ kernel: Kernel, _ problem: MatrixMultiplyProblem, _ configuration: KernelConfiguration, workers: Int = 1
  ) throws {
    var random = RandomSource(seed: 12)
    let parameters = problem.randomParameters(from: &random)
    let inputs = problem.randomInputs(from: &random)
    let output = try run(kernel, problem, configuration, parameters, inputs, workers: workers)
    compare(output, product(problem, parameters, inputs), "\(problem.key) [\(configuration)] on \(workers)")
  }

  /// Runs on guarded memory, the workers one after the other in each phase.
  static func run<Kernel: LayerKernel>(
    _ kernel: Kernel, _ problem: Kernel.Problem, _ configuration: KernelConfiguration,
    _ parameters: Kernel.Problem.Parameters, _ inputs: [Tensor], workers: Int
  ) throws -> Tensor {
    let prepared = try kernel.prepare(problem, configuration: configuration, parameters: parameters)
    let layouts = kernel.layouts(for: problem, configuration: configuration)
    let memories = try inputs.indices.map { index in
      let memory = try OperandMemory(
        shape: inputs[index].shape, layout: layouts.inputs[index], shuffling: 3,
        steps: problem.quantisation(ofInput: index))
      memory.fill(from: inputs[index])
      return memory
    }
    let output = try OperandMemory(
      shape: problem.outputShape, layout: layouts.output, shuffling: 4, steps: problem.outputQuantisation)
    output.poison()
    let workspaceSize = prepared.workspaceSize(workers: workers)
    let workspace = Block<UInt8>(repeating: 0xFF, count: workspaceSize + 128)
    let aligned = UnsafeMutableRawPointer(workspace.start).alignedUp(toMultipleOf: 64)
    let operands = memories.map(\.operand)
    operands.withUnsafeBufferPointer { operands in
      guard let start = operands.baseAddress else { return }
      for phase in 0..<prepared.phaseCount {
        for index in (0..<workers).reversed() {
          prepared.run(
            LayerOperands(inputs: start, output: output.operand, workspace: aligned), phase: phase,
            worker: Worker(index: index, count: workers))
        }
      }
    }
    let tail = UnsafeRawBufferPointer(start: aligned + workspaceSize, count: 63)
    #expect(tail.allSatisfy { $0 == 0xFF }, "the workspace was overrun: \(problem.key) [\(configuration)]")
    for memory in memories + [output] {
      #expect(memory.damage() == nil, "\(problem.key) [\(configuration)] on \(workers)")
    }
    return output.tensor()
  }

  private static func compare(_ output: Tensor, _ expected: [Double], _ name: String) {
    let scale = expected.map(abs).max() ?? 1
    var worst = 0.0
    var place = -1
    output.withElements { elements in
      for (index, value) in elements.enumerated() {
        let error = abs(Double(value) - expected[index])
        if !(error <= worst) {
          worst = error.isNaN ? .infinity : error
          place = index
        }
      }
    }
    #expect(worst <= 1e-5 * max(scale, 1), "\(name): element \(place) of \(output.shape) is off by \(worst)")
  }

  /// The definition in 64-bit arithmetic.
  static func convolution(
    _ problem: ConvolutionProblem, _ parameters: ConvolutionParameters, _ inputs: [Tensor]
  ) -> [Double] {
    let (filter, input) = (parameters.filter.elements, inputs[0].elements)
    let residual = problem.epilogue.hasResidual ? inputs[1].elements : []
    let window = problem.window
    let (height, width) = (problem.input.height, problem.input.width)
    let groupInputs = problem.inputChannels / problem.groups
    let groupOutputs = problem.outputChannels / problem.groups
    var output: [Double] = []
    output.reserveCapacity(problem.outputShape.elementCount)
    for image in 0..<problem.batch {
      for channel in 0..<problem.outputChannels {
        for row in 0..<problem.output.height {
          for column in 0..<problem.output.width {
            var sum = Double(parameters.bias?[channel] ?? 0)
            for inner in 0..<groupInputs {
              let plane = (image * problem.inputChannels + channel / groupOutputs * groupInputs + inner) * height
              for r in 0..<window.kernel.height {
                let y = row * window.stride.height + r * window.dilation.height - window.pads.top
                guard 0..<height ~= y else { continue }
                for s in 0..<window.kernel.width {
                  let x = column * window.stride.width + s * window.dilation.width - window.pads.left
                  guard 0..<width ~= x else { continue }
                  let weight =
                    filter[((channel * groupInputs + inner) * window.kernel.height + r) * window.kernel.width + s]
                  sum += Double(weight) * Double(input[(plane + y) * width + x])
                }
              }
            }
            if !residual.isEmpty { sum += Double(residual[output.count]) }
            output.append(problem.epilogue.activation(sum))
          }
        }
      }
    }
    return output
  }

  /// The definition in 64-bit arithmetic.
  static func product(
    _ problem: MatrixMultiplyProblem, _ parameters: MatrixMultiplyParameters, _ inputs: [Tensor]
  ) -> [Double] {
    let left = inputs[0].elements
    let right = parameters.weights?.elements ?? inputs[1].elements
    let residual = problem.epilogue.hasResidual ? inputs[inputs.count - 1].elements : []
    var output: [Double] = []
    for batch in 0..<problem.batch {
      for row in 0..<problem.rows {
        for column in 0..<problem.columns {
          var sum = Double(parameters.bias?[column] ?? 0)
          for k in 0..<problem.depth {
            let weight =
              problem.hasConstantWeights
              ? right[column * problem.depth + k] : right[(batch * problem.depth + k) * problem.columns + column]
            sum += Double(weight) * Double(left[(batch * problem.rows + row) * problem.depth + k])
          }
          if !residual.isEmpty { sum += Double(residual[output.count]) }
          output.append(problem.epilogue.activation(sum))
        }
      }
    }
    return output
  }
}
