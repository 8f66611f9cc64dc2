import KernelConformance
import Luthier
import Testing

/// Depthwise convolution with a 3×3 window of stride 1, row by row.
struct RowDepthwise: LayerKernel {
  let identifier: KernelIdentifier = "mine.depthwise"
  let version = 1

  func applicability(to problem: ConvolutionProblem) -> Applicability {
    let window = problem.window
    guard problem.isDepthwise else { return .refused("is not depthwise") }
    guard window.kernel == .init(3), window.stride == .init(1), window.dilation == .init(1) else {
      return .refused("needs a 3x3 window of stride 1")
    }
    guard problem.epilogue.activation.clampBounds != nil, !problem.epilogue.hasResidual else {
      return .refused("adds a bias and clamps, and has no other epilogue")
    }
    return .applies
  }

  func expectedEfficiency(for problem: ConvolutionProblem) -> Double { 0.02 }

  static let blocks = [8, 32]

  func configurations(for problem: ConvolutionProblem) -> [KernelConfiguration] {
    Self.blocks.map { ["rows": $0] }
  }

  func layouts(for problem: ConvolutionProblem, configuration: KernelConfiguration) -> OperandLayouts {
    OperandLayouts(all: .planeList, inputCount: problem.inputShapes.count)
  }
}

extension RowDepthwise {
  func prepare(
    _ problem: ConvolutionProblem, configuration: KernelConfiguration, parameters: ConvolutionParameters
  ) throws -> any PreparedKernel {
    if case .refused(let reason) = applicability(to: problem) {
      throw KernelError.notApplicable(kernel: identifier, problem: problem.key, reason: reason)
    }
    return PreparedRowDepthwise(
      problem: problem, rows: try configuration.value("rows", in: Self.blocks, of: identifier),
      bounds: problem.epilogue.activation.clampBounds ?? (-.infinity, .infinity),
      weights: try PackedWeights(count: 10 * problem.outputChannels) { packed in
        // Nine weights and the bias of each channel, side by side.
        for channel in 0..<problem.outputChannels {
          for tap in 0..<9 { packed[10 * channel + tap] = parameters.filter.elements[9 * channel + tap] }
          packed[10 * channel + 9] = parameters.bias?[channel] ?? 0
        }
      })
  }
}

struct PreparedRowDepthwise: PreparedKernel {
  let problem: ConvolutionProblem
  let rows: Int
  let bounds: (lower: Float, upper: Float)
  let weights: PackedWeights

  func run(_ operands: LayerOperands, phase: Int, worker: Worker) {
    let blocks = (problem.output.height + rows - 1) / rows
    for item in worker.share(of: problem.batch * problem.outputChannels * blocks) {
      let plane = item / blocks
      let first = item % blocks * rows
      for row in first..<min(first + rows, problem.output.height) {
        convolve(
          operands.input.plane(plane), to: operands.output.plane(plane) + row * problem.output.width, row: row,
          weights: weights.start + 10 * (plane % problem.outputChannels))
      }
    }
  }

  private func convolve(
    _ input: UnsafePointer<Float>, to output: UnsafeMutablePointer<Float>, row: Int, weights: UnsafePointer<Float>
  ) {
    for column in 0..<problem.output.width {
      var sum = weights[9]
      for tap in 0..<9 {
        let y = row + tap / 3 - problem.window.pads.top
        let x = column + tap % 3 - problem.window.pads.left
        guard 0..<problem.input.height ~= y, 0..<problem.input.width ~= x else { continue }
        sum += weights[tap] * input[y * problem.input.width + x]
      }
      output[column] = min(max(sum, bounds.lower), bounds.upper)
    }
  }
}

@Suite("The article on adding a kernel")
struct AddingAKernel {
  @Test("The article's kernel passes the conformance kit")
  func conforms() throws {
    let conformance = try KernelConformance(checksNotANumber: true)
    let reports = try conformance.check(RowDepthwise(), problems: ConformanceProblems.convolutions())
    for report in reports where !report.isConforming { Issue.record("\(report)") }
    #expect(reports.count > 1)
  }

  @Test("The article's kernel is registered, competes, and runs in a network that is told to use it")
  func runs() throws {
    var registry = try KernelRegistry.standard()
    try registry.register(RowDepthwise())

    var deployment = Deployment()
    deployment.registry = registry
    deployment.family = "mine"
    deployment.inputSize = (32, 32)
    let network = try deployment.load("shufflenet_v2_x0_5")
    #expect(network.layers.contains { $0.choice.candidate.kernel == "mine.depthwise" })

    deployment.family = "reference"
    var random = RandomSource(seed: 1)
    let picture = [random.tensor(shape: network.inputs[0].shape)]
    let (found, expected) = try (network.run(picture)[0], deployment.load("shufflenet_v2_x0_5").run(picture)[0])
    let scale = expected.elements.map(abs).max() ?? 0
    #expect(zip(found.elements, expected.elements).allSatisfy { abs($0 - $1) <= 1e-4 * scale })
  }
}
