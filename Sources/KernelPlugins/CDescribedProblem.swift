import CKernelPlugin
import LayerKernels

/// A problem that `luthier_plugin.h` can describe.
protocol CDescribedProblem: LayerProblem {
  /// The problem in plain integers.
  var cDescription: luthier_problem { get }

  /// The constants as C takes them.
  static func constants(of parameters: Parameters) -> CConstants
}

/// Weights and a bias, where there are any.
struct CConstants {
  var weights: Tensor?
  var bias: [Float]?

  /// Calls `body` with what is there, NULL for what is not.
  func withPointers<Result>(_ body: (UnsafePointer<Float>?, UnsafePointer<Float>?) -> Result) -> Result {
    func withBias(_ weights: UnsafePointer<Float>?) -> Result {
      guard let bias else { return body(weights, nil) }
      return bias.withUnsafeBufferPointer { body(weights, $0.baseAddress) }
    }
    guard let weights else { return withBias(nil) }
    return weights.withElements { withBias($0.baseAddress) }
  }
}

extension ConvolutionProblem: CDescribedProblem {
  var cDescription: luthier_problem {
    var description = luthier_problem()
    description.operation = Int32(LUTHIER_CONVOLUTION.rawValue)
    description.of.convolution = luthier_convolution(
      batch: Int64(batch), input_channels: Int64(inputChannels), input_height: Int64(input.height),
      input_width: Int64(input.width), output_channels: Int64(outputChannels), output_height: Int64(output.height),
      output_width: Int64(output.width), groups: Int64(groups), window: window.cDescription,
      epilogue: epilogue.cDescription)
    return description
  }

  static func constants(of parameters: ConvolutionParameters) -> CConstants {
    CConstants(weights: parameters.filter, bias: parameters.bias)
  }
}

extension PoolingProblem: CDescribedProblem {
  var cDescription: luthier_problem {
    var description = luthier_problem()
    description.operation = Int32(LUTHIER_POOLING.rawValue)
    let kind =
      switch reduction {
      case .maximum: LUTHIER_MAXIMUM_POOLING
      case .average: LUTHIER_AVERAGE_POOLING
      case .averageIncludingPadding: LUTHIER_AVERAGE_PADDED_POOLING
      }
    description.of.pooling = luthier_pooling(
      reduction: Int32(kind.rawValue), rounds_up: roundsUp ? 1 : 0, batch: Int64(batch), channels: Int64(channels),
      input_height: Int64(input.height), input_width: Int64(input.width), output_height: Int64(output.height),
      output_width: Int64(output.width), window: window.cDescription)
    return description
  }

  static func constants(of parameters: NoParameters) -> CConstants { CConstants() }
}

extension MatrixMultiplyProblem: CDescribedProblem {
  var cDescription: luthier_problem {
    var description = luthier_problem()
    description.operation = Int32(LUTHIER_MATRIX_MULTIPLY.rawValue)
    description.of.matrix_multiply = luthier_matrix_multiply(
      batch: Int64(batch), rows: Int64(rows), depth: Int64(depth), columns: Int64(columns),
      has_constant_weights: hasConstantWeights ? 1 : 0, epilogue: epilogue.cDescription)
    return description
  }

  static func constants(of parameters: MatrixMultiplyParameters) -> CConstants {
    CConstants(weights: parameters.weights, bias: parameters.bias)
  }
}

extension ElementwiseProblem: CDescribedProblem {
  var cDescription: luthier_problem {
    var description = luthier_problem()
    description.operation = Int32(LUTHIER_ELEMENTWISE.rawValue)
    let activation: Activation
    let kind: luthier_function
    switch function {
    case .unary(let function): (kind, activation) = (LUTHIER_UNARY, function)
    case .squareRoot: (kind, activation) = (LUTHIER_SQUARE_ROOT, .identity)
    case .binary(let binary, let then): (kind, activation) = (binary.cFunction, then)
    }
    let last = activation.cDescription
    description.of.elementwise = luthier_elementwise(
      function: Int32(kind.rawValue), activation: last.kind, a: last.a, b: last.b, left: inputShapes[0].cDescription,
      right: (inputShapes.count > 1 ? inputShapes[1] : .scalar).cDescription, output: outputShape.cDescription)
    return description
  }

  static func constants(of parameters: NoParameters) -> CConstants { CConstants() }
}

extension ElementwiseProblem.Binary {
  fileprivate var cFunction: luthier_function {
    switch self {
    case .add: LUTHIER_ADD
    case .subtract: LUTHIER_SUBTRACT
    case .multiply: LUTHIER_MULTIPLY
    case .divide: LUTHIER_DIVIDE
    case .maximum: LUTHIER_MAXIMUM
    case .minimum: LUTHIER_MINIMUM
    }
  }
}

extension WindowGeometry {
  fileprivate var cDescription: luthier_window {
    luthier_window(
      kernel_height: Int64(kernel.height), kernel_width: Int64(kernel.width), stride_height: Int64(stride.height),
      stride_width: Int64(stride.width), dilation_height: Int64(dilation.height),
      dilation_width: Int64(dilation.width), pad_top: Int64(pads.top), pad_left: Int64(pads.left),
      pad_bottom: Int64(pads.bottom), pad_right: Int64(pads.right))
  }
}

extension Epilogue {
  fileprivate var cDescription: luthier_epilogue {
    let last = activation.cDescription
    return luthier_epilogue(
      has_bias: hasBias ? 1 : 0, has_residual: hasResidual ? 1 : 0, activation: last.kind, a: last.a, b: last.b)
  }
}

extension Activation {
  fileprivate var cDescription: (kind: Int32, a: Float, b: Float) {
    let (kind, a, b): (luthier_activation, Float, Float) =
      switch self {
      case .identity: (LUTHIER_IDENTITY, 0, 0)
      case .relu: (LUTHIER_CLIP, 0, .infinity)
      case .relu6: (LUTHIER_CLIP, 0, 6)
      case .clip(let lower, let upper): (LUTHIER_CLIP, lower, upper)
      case .leakyRelu(let slope): (LUTHIER_LEAKY_RELU, slope, 0)
      case .hardSwish: (LUTHIER_HARD_SWISH, 0, 0)
      case .hardSigmoid(let alpha, let beta): (LUTHIER_HARD_SIGMOID, alpha, beta)
      case .sigmoid: (LUTHIER_SIGMOID, 0, 0)
      case .tanh: (LUTHIER_TANH, 0, 0)
      case .swish: (LUTHIER_SWISH, 0, 0)
      case .scaledSwish(let alpha): (LUTHIER_SCALED_SWISH, alpha, 0)
      case .gelu: (LUTHIER_GELU, 0, 0)
      case .geluTanh: (LUTHIER_GELU_TANH, 0, 0)
      case .mish: (LUTHIER_MISH, 0, 0)
      case .elu(let alpha): (LUTHIER_ELU, alpha, 0)
      case .celu(let alpha): (LUTHIER_CELU, alpha, 0)
      case .selu(let alpha, let gamma): (LUTHIER_SELU, alpha, gamma)
      case .softplus: (LUTHIER_SOFTPLUS, 0, 0)
      case .softsign: (LUTHIER_SOFTSIGN, 0, 0)
      case .erf: (LUTHIER_ERF, 0, 0)
      // Has three numbers; no kernel is asked for a problem with one.
      case .quantized: (LUTHIER_IDENTITY, 0, 0)
      }
    return (Int32(kind.rawValue), a, b)
  }
}

extension TensorShape {
  fileprivate var cDescription: luthier_shape {
    var shape = luthier_shape()
    shape.rank = Int32(rank)
    withUnsafeMutableBytes(of: &shape.sizes) { bytes in
      for (axis, size) in dimensions.enumerated() {
        bytes.storeBytes(of: Int64(size), toByteOffset: axis * MemoryLayout<Int64>.stride, as: Int64.self)
      }
    }
    return shape
  }
}
