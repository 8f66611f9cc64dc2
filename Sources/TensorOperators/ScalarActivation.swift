import RealModule

/// A function of one number that attributes name: those of recurrent networks and of fused operators.
struct ScalarActivation: Sendable {
  private let function: Function
  private let alpha: Double
  private let beta: Double

  private enum Function: String {
    case tanh, sigmoid, relu, affine, leakyrelu, thresholdedrelu, scaledtanh, hardsigmoid, elu, softsign, softplus, clip
  }

  /// The function with the parameters that are given to it, and the standard's for those that are not.
  ///
  /// - Throws: ``OperatorError`` when there is no such function.
  init(named name: String, parameters: [Double] = []) throws(OperatorError) {
    guard let function = Function(rawValue: name.lowercased()) else {
      throw OperatorError("there is no activation '\(name)'")
    }
    self.function = function
    let (alpha, beta) = Self.defaults(function)
    self.alpha = parameters.first ?? alpha
    self.beta = parameters.count > 1 ? parameters[1] : beta
  }

  /// The functions of a list, each with the next numbers of the lists of parameters if it takes any.
  ///
  /// - Throws: ``OperatorError`` when there is no such function.
  static func list(_ names: [String], alpha: [Float], beta: [Float]) throws(OperatorError) -> [ScalarActivation] {
    var (alphas, betas) = (alpha[...], beta[...])
    var result: [ScalarActivation] = []
    for name in names {
      let plain = try ScalarActivation(named: name)
      let (takesAlpha, takesBeta) = plain.parameters
      let first = takesAlpha ? alphas.popFirst().map(Double.init) ?? plain.alpha : plain.alpha
      let second = takesBeta ? betas.popFirst().map(Double.init) ?? plain.beta : plain.beta
      result.append(try ScalarActivation(named: name, parameters: [first, second]))
    }
    return result
  }

  private var parameters: (alpha: Bool, beta: Bool) {
    switch function {
    case .affine, .scaledtanh, .hardsigmoid, .clip: (true, true)
    case .leakyrelu, .thresholdedrelu, .elu: (true, false)
    default: (false, false)
    }
  }

  /// As ONNX Runtime has them: what the standard gives no default is 0.
  private static func defaults(_ function: Function) -> (Double, Double) {
    switch function {
    case .elu: (1, 0)
    case .leakyrelu: (0.01, 0)
    case .hardsigmoid: (0.2, 0.5)
    case .clip: (-.infinity, .infinity)
    default: (0, 0)
    }
  }

  /// Applies the function.
  func callAsFunction<Number: ProductNumber>(_ x: Number) -> Number {
    let (alpha, beta) = (Number(alpha), Number(beta))
    return switch function {
    case .tanh: Number.tanh(x)
    case .sigmoid: Self.sigmoid(x)
    // What is not a number stays that.
    case .relu: x < 0 ? 0 : x
    case .affine: alpha * x + beta
    case .leakyrelu: x < 0 ? alpha * x : x
    case .thresholdedrelu: x > alpha ? x : 0
    case .scaledtanh: alpha * Number.tanh(beta * x)
    case .hardsigmoid: Swift.min(1, Swift.max(0, alpha * x + beta))
    case .elu: x < 0 ? alpha * Number.expMinusOne(x) : x
    case .softsign: x / (1 + x.magnitude)
    case .softplus: x > 0 ? x + Number.log(onePlus: Number.exp(-x)) : Number.log(onePlus: Number.exp(x))
    case .clip: Swift.min(Swift.max(x, alpha), beta)
    }
  }

  /// The logistic function, without overflow on either side.
  static func sigmoid<Number: ProductNumber>(_ x: Number) -> Number {
    if x >= 0 { return 1 / (1 + Number.exp(-x)) }
    let power = Number.exp(x)
    return power / (1 + power)
  }
}
