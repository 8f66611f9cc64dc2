import LayerKernels

/// A convolution by its definition that misreads one size of its problem.
struct FaultyConvolution: LayerKernel {
  enum Fault: CaseIterable {
    case none
    case takesEveryStrideForOne
    case swapsTheStrides
    case ignoresPadding
    case takesPaddingForEven
    case ignoresDilation
    case takesOneGroupForAll
    case forgetsAllButTheFirstPicture
    case forgetsTheBias
    case forgetsTheResidual
    case addsTheResidualTooLate
    case takesWindowsForSquare
  }

  let fault: Fault
  let identifier: KernelIdentifier = "faulty.convolution"
  let version = 1

  func applicability(to problem: ConvolutionProblem) -> Applicability { .applies }

  func prepare(
    _ problem: ConvolutionProblem, configuration: KernelConfiguration, parameters: ConvolutionParameters
  ) throws -> any PreparedKernel {
    PreparedFaultyConvolution(
      fault: fault, problem: problem, filter: parameters.filter.elements, bias: parameters.bias ?? [])
  }
}

private struct PreparedFaultyConvolution: PreparedKernel {
  let fault: FaultyConvolution.Fault
  let problem: ConvolutionProblem
  let filter: [Float]
  let bias: [Float]

  func run(_ operands: LayerOperands, phase: Int, worker: Worker) {
    let (rows, columns) = (problem.output.height, problem.output.width)
    let pictures = fault == .forgetsAllButTheFirstPicture ? 1 : problem.batch
    for index in worker.share(of: pictures * problem.outputChannels * rows * columns) {
      let channel = index / (rows * columns) % problem.outputChannels
      let picture = index / (rows * columns) / problem.outputChannels
      var sum = bias.isEmpty || fault == .forgetsTheBias ? 0 : bias[channel]
      sum += products(
        operands.input.base, picture: picture, channel: channel, row: index / columns % rows, column: index % columns)
      let epilogue = problem.epilogue
      let residual = epilogue.hasResidual && fault != .forgetsTheResidual ? operands.inputs[1].base[index] : 0
      operands.output.base[index] =
        fault == .addsTheResidualTooLate
        ? Float(epilogue.activation(Double(sum))) + residual : Float(epilogue.activation(Double(sum + residual)))
    }
  }

  private func products(
    _ input: UnsafePointer<Float>, picture: Int, channel: Int, row: Int, column: Int
  ) -> Float {
    let window = problem.window
    let depth = problem.inputChannels / problem.groups
    let group = fault == .takesOneGroupForAll ? 0 : channel / (problem.outputChannels / problem.groups)
    let (height, width) = (window.kernel.height, window.kernel.width)
    var stride = (window.stride.height, window.stride.width)
    if fault == .takesEveryStrideForOne { stride = (1, 1) }
    if fault == .swapsTheStrides { stride = (stride.1, stride.0) }
    var pads = (top: window.pads.top, left: window.pads.left)
    if fault == .ignoresPadding { pads = (0, 0) }
    if fault == .takesPaddingForEven {
      pads = ((pads.top + window.pads.bottom) / 2, (pads.left + window.pads.right) / 2)
    }
    let dilation = fault == .ignoresDilation ? 1 : window.dilation.height
    var sum: Float = 0
    for inner in 0..<depth {
      let plane =
        input + (picture * problem.inputChannels + group * depth + inner) * problem.input.height
        * problem.input.width
      for r in 0..<height {
        for s in 0..<(fault == .takesWindowsForSquare ? min(height, width) : width) {
          let y = row * stride.0 + r * dilation - pads.top
          let x = column * stride.1 + s * dilation - pads.left
          guard 0..<problem.input.height ~= y, 0..<problem.input.width ~= x else { continue }
          sum += filter[((channel * depth + inner) * height + r) * width + s] * plane[y * problem.input.width + x]
        }
      }
    }
    return sum
  }
}
