import LayerKernels

/// Functions of corresponding elements, computed in 64 bits, with NumPy's broadcasting.
///
/// Configuration: `layout`, 0 row-major; where all operands have rank 4 also 1 plane list and 2 channels last.
public struct ReferenceElementwise: LayerKernel {
  /// `reference.elementwise`
  public let identifier: KernelIdentifier = "reference.elementwise"
  /// The first.
  public let version = 1

  /// The kernel.
  public init() {}

  /// Always.
  public func applicability(to problem: ElementwiseProblem) -> Applicability { .applies }

  /// Next to nothing.
  public func expectedEfficiency(for problem: ElementwiseProblem) -> Double { referenceEfficiency }

  /// One for each layout that the shapes can have.
  public func configurations(for problem: ElementwiseProblem) -> [KernelConfiguration] {
    Self.isPlanar(problem) ? LayoutChoice.configurations : [LayoutChoice.configurations[0]]
  }

  /// The configuration's layout everywhere.
  public func layouts(for problem: ElementwiseProblem, configuration: KernelConfiguration) -> OperandLayouts {
    LayoutChoice.operands(of: configuration, inputCount: problem.inputShapes.count)
  }

  /// The rounding of the result.
  public func errorClass(for problem: ElementwiseProblem, configuration: KernelConfiguration) -> ErrorClass {
    referenceErrorClass
  }

  /// Finds out how each input is walked.
  ///
  /// - Throws: ``KernelError`` when the configuration names no layout, or one that the shapes cannot have.
  public func prepare(
    _ problem: ElementwiseProblem, configuration: KernelConfiguration, parameters: NoParameters
  ) throws -> any PreparedKernel {
    let layout = try LayoutChoice.layout(of: configuration, for: identifier)
    guard layout == .rowMajor || Self.isPlanar(problem) else {
      throw KernelError.invalidConfiguration(
        kernel: identifier, configuration: configuration, reason: "only operands of rank 4 have planes")
    }
    if layout == .rowMajor {
      return PreparedReferenceElementwise(
        function: problem.function, sizes: problem.outputShape.dimensions,
        strides: problem.inputShapes.map { Self.strides($0, within: problem.outputShape) })
    }
    return PreparedPlanarReferenceElementwise(
      function: problem.function, shape: problem.outputShape, output: PlanarAccess(layout, problem.outputShape),
      inputs: problem.inputShapes.map { ($0, PlanarAccess(layout, $0)) })
  }

  private static func isPlanar(_ problem: ElementwiseProblem) -> Bool {
    (problem.inputShapes + [problem.outputShape]).allSatisfy { $0.rank == 4 }
  }

  /// Where the element of an input with these strides lies for the output's row-major index.
  static func offset(of item: Int, _ sizes: [Int], _ strides: [Int]) -> Int {
    var rest = item
    var offset = 0
    var axis = sizes.count - 1
    while axis >= 0 {
      offset += rest % sizes[axis] * strides[axis]
      rest /= sizes[axis]
      axis -= 1
    }
    return offset
  }

  /// Elements between neighbours along each axis of the output; zero along a stretched axis.
  static func strides(_ shape: TensorShape, within output: TensorShape) -> [Int] {
    let missing = output.rank - shape.rank
    let strides = shape.strides
    return (0..<output.rank).map { axis in
      axis < missing || shape[axis - missing] == 1 ? 0 : strides[axis - missing]
    }
  }
}

extension ElementwiseProblem.Function {
  fileprivate func callAsFunction(_ a: Float, _ b: Float) -> Float {
    switch self {
    case .unary(let activation): Float(activation(Double(a)))
    case .squareRoot: Float(Double(a).squareRoot())
    case .binary(let binary, let activation): Float(activation(binary(Double(a), Double(b))))
    }
  }
}

/// Row-major operands of any rank.
private struct PreparedReferenceElementwise: PreparedKernel {
  let function: ElementwiseProblem.Function
  let sizes: [Int]
  let strides: [[Int]]

  func run(_ operands: LayerOperands, phase: Int, worker: Worker) {
    let last = strides.count - 1
    for item in worker.share(of: sizes.reduce(1, *)) {
      let a = operands.input.base[ReferenceElementwise.offset(of: item, sizes, strides[0])]
      let b = last == 0 ? a : operands.inputs[last].base[ReferenceElementwise.offset(of: item, sizes, strides[last])]
      operands.output.base[item] = function(a, b)
    }
  }
}

/// Operands of rank 4 in any layout.
private struct PreparedPlanarReferenceElementwise: PreparedKernel {
  let function: ElementwiseProblem.Function
  let shape: TensorShape
  let output: PlanarAccess
  let inputs: [(shape: TensorShape, access: PlanarAccess)]

  func run(_ operands: LayerOperands, phase: Int, worker: Worker) {
    let (channels, height, width) = (shape[1], shape[2], shape[3])
    for item in worker.share(of: shape[0] * channels * height) {
      let (row, channel, picture) = (item % height, item / height % channels, item / height / channels)
      let target = output.plane(operands.output, picture: picture, channel: channel) + row * output.rowStride
      for column in 0..<width {
        let a = element(0, operands, picture, channel, row, column)
        let b = inputs.count == 1 ? a : element(1, operands, picture, channel, row, column)
        target[column * output.columnStride] = function(a, b)
      }
    }
  }

  private func element(
    _ input: Int, _ operands: LayerOperands, _ picture: Int, _ channel: Int, _ row: Int, _ column: Int
  ) -> Float {
    let (shape, access) = inputs[input]
    let plane = access.plane(
      operands.inputs[input], picture: shape[0] == 1 ? 0 : picture, channel: shape[1] == 1 ? 0 : channel)
    let y = shape[2] == 1 ? 0 : row
    let x = shape[3] == 1 ? 0 : column
    return plane[y * access.rowStride + x * access.columnStride]
  }
}
