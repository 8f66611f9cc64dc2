import LayerKernels

/// Convolution by its definition, summed in 64 bits.
///
/// Configuration: `layout`, 0 row-major, 1 plane list, 2 channels last.
public struct ReferenceConvolution: LayerKernel {
  /// `reference.convolution`
  public let identifier: KernelIdentifier = "reference.convolution"
  /// The first.
  public let version = 1

  /// The kernel.
  public init() {}

  /// Always.
  public func applicability(to problem: ConvolutionProblem) -> Applicability { .applies }

  /// Next to nothing.
  public func expectedEfficiency(for problem: ConvolutionProblem) -> Double { referenceEfficiency }

  /// One for each layout.
  public func configurations(for problem: ConvolutionProblem) -> [KernelConfiguration] { LayoutChoice.configurations }

  /// The configuration's layout everywhere.
  public func layouts(for problem: ConvolutionProblem, configuration: KernelConfiguration) -> OperandLayouts {
    LayoutChoice.operands(of: configuration, inputCount: problem.inputShapes.count)
  }

  /// The rounding of the result.
  public func errorClass(for problem: ConvolutionProblem, configuration: KernelConfiguration) -> ErrorClass {
    referenceErrorClass
  }

  /// Copies the filter and the bias.
  ///
  /// - Throws: ``KernelError`` when the configuration names no layout.
  public func prepare(
    _ problem: ConvolutionProblem, configuration: KernelConfiguration, parameters: ConvolutionParameters
  ) throws -> any PreparedKernel {
    let layout = try LayoutChoice.layout(of: configuration, for: identifier)
    return try PreparedReferenceConvolution(problem, parameters, input: layout, output: layout)
  }
}

/// A convolution bound to its weights, from a layout to a layout; the residual lies as the output does.
struct PreparedReferenceConvolution: PreparedKernel {
  private let problem: ConvolutionProblem
  private let input: PlanarAccess
  private let output: PlanarAccess
  private let filter: PackedWeights
  private let bias: PackedWeights

  init(
    _ problem: ConvolutionProblem, _ parameters: ConvolutionParameters, input: TensorLayout, output: TensorLayout
  ) throws {
    self.problem = problem
    self.input = PlanarAccess(input, problem.inputShape)
    self.output = PlanarAccess(output, problem.outputShape)
    filter = try PackedWeights(copying: parameters.filter.elements)
    bias = try PackedWeights(copying: parameters.bias ?? [])
  }

  /// A row of sums for each worker, on cache lines of its own.
  private var sumCount: Int { AlignedMemory.paddedCount(problem.output.width) }

  func workspaceSize(workers: Int) -> Int { workers * sumCount * MemoryLayout<Double>.stride }

  func run(_ operands: LayerOperands, phase: Int, worker: Worker) {
    let sums = operands.workspace.assumingMemoryBound(to: Double.self) + worker.index * sumCount
    for item in worker.share(of: problem.batch * problem.outputChannels * problem.output.height) {
      let row = item % problem.output.height
      let channel = item / problem.output.height % problem.outputChannels
      let picture = item / problem.output.height / problem.outputChannels
      sums.update(repeating: bias.count > 0 ? Double(bias.start[channel]) : 0, count: problem.output.width)
      add(picture: picture, channel: channel, row: row, from: operands.input, to: sums)
      store(sums, picture: picture, channel: channel, row: row, operands)
    }
  }

  /// Adds every product of one output row to its sums.
  private func add(
    picture: Int, channel: Int, row: Int, from operand: TensorOperand, to sums: UnsafeMutablePointer<Double>
  ) {
    let window = problem.window
    let depth = problem.inputChannels / problem.groups
    let group = channel / (problem.outputChannels / problem.groups)
    for inner in 0..<depth {
      let plane = input.plane(operand, picture: picture, channel: group * depth + inner)
      for r in 0..<window.kernel.height {
        let y = row * window.stride.height + r * window.dilation.height - window.pads.top
        guard 0..<problem.input.height ~= y else { continue }
        for s in 0..<window.kernel.width {
          let weight = filter.start[((channel * depth + inner) * window.kernel.height + r) * window.kernel.width + s]
          let first = s * window.dilation.width - window.pads.left
          let columns = columnRange(first: first)
          guard !columns.isEmpty else { continue }
          let x = columns.lowerBound * window.stride.width + first
          accumulate(
            sums + columns.lowerBound, plane + y * input.rowStride + x * input.columnStride, count: columns.count,
            step: window.stride.width * input.columnStride, weight: Double(weight))
        }
      }
    }
  }

  /// The output columns whose tap, at input column `first` for output column 0, is not padding.
  private func columnRange(first: Int) -> Range<Int> {
    let stride = problem.window.stride.width
    let start = first < 0 ? (stride - 1 - first) / stride : 0
    let last = problem.input.width - 1 - first
    let end = last < 0 ? 0 : min(last / stride + 1, problem.output.width)
    return start..<max(start, end)
  }

  private func accumulate(
    _ sums: UnsafeMutablePointer<Double>, _ source: UnsafeMutablePointer<Float>, count: Int, step: Int, weight: Double
  ) {
    guard step == 1 else {
      for index in 0..<count { sums[index] += weight * Double(source[index &* step]) }
      return
    }
    for index in 0..<count { sums[index] += weight * Double(source[index]) }
  }

  private func store(
    _ sums: UnsafeMutablePointer<Double>, picture: Int, channel: Int, row: Int, _ operands: LayerOperands
  ) {
    let epilogue = problem.epilogue
    let target = output.plane(operands.output, picture: picture, channel: channel) + row * output.rowStride
    for column in 0..<problem.output.width {
      var sum = sums[column]
      if epilogue.hasResidual {
        let residual = output.plane(operands.inputs[1], picture: picture, channel: channel)
        sum += Double(residual[row * output.rowStride + column * output.columnStride])
      }
      target[column * output.columnStride] = Float(epilogue.activation(sum))
    }
  }
}

extension PackedWeights {
  /// A block of the given numbers.
  convenience init(copying numbers: [Float]) throws {
    try self.init(count: numbers.count) { block in
      for (index, number) in numbers.enumerated() { block[index] = number }
    }
  }
}
