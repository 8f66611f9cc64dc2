import LayerKernels

/// Problems that kernels are checked on: layers of real networks, with fewer channels where that changes nothing, and sizes
/// that are multiples of nothing.
public enum ConformanceProblems {
  /// The problems of every operation.
  ///
  /// - Throws: `ProblemError` never for the sizes in this module.
  public static func all() throws(ProblemError) -> [any LayerProblem] {
    var problems: [any LayerProblem] = try convolutions()
    problems += try pointwiseDepthwise() as [any LayerProblem]
    problems += try convolutionPoolings() as [any LayerProblem]
    problems += try poolings() as [any LayerProblem]
    problems += try matrixProducts() as [any LayerProblem]
    problems += try elementwise() as [any LayerProblem]
    problems += try elementwiseChains() as [any LayerProblem]
    problems += try softmaxes() as [any LayerProblem]
    problems += try normalizations() as [any LayerProblem]
    problems += try recurrences() as [any LayerProblem]
    problems += try resizes() as [any LayerProblem]
    problems += try means() as [any LayerProblem]
    problems += try rearrangements() as [any LayerProblem]
    problems += try layoutConversions() as [any LayerProblem]
    return problems
  }

  /// The problems of one operation; none for an operation that is not the library's.
  ///
  /// - Throws: `ProblemError` never for the sizes in this module.
  public static func problems<Problem: LayerProblem>(of type: Problem.Type) throws(ProblemError) -> [Problem] {
    try all().compactMap { $0 as? Problem }
  }

  /// Every kind of epilogue: each part alone, parts together, each activation.
  public static let epilogues: [Epilogue] =
    [
      Epilogue(), Epilogue(bias: true), Epilogue(residual: true), Epilogue(bias: true, residual: true),
      Epilogue(activation: .relu), Epilogue(residual: true, activation: .relu6),
      Epilogue(bias: true, residual: true, activation: .relu),
      Epilogue(bias: true, residual: true, activation: .hardSwish),
    ]
    + activations.map { Epilogue(bias: true, activation: $0) }

  /// Every activation but the identity.
  public static let activations: [Activation] = [
    .relu, .relu6, .clip(lower: -0.25, upper: 0.5), .leakyRelu(slope: 0.1), .hardSwish,
    .hardSigmoid(alpha: 0.2, beta: 0.5), .sigmoid, .tanh, .swish, .scaledSwish(alpha: 1.702), .gelu, .geluTanh,
    .mish, .elu(alpha: 0.7), .celu(alpha: 0.5), .selu(alpha: 1.6732632, gamma: 1.050701), .softplus, .softsign, .erf,
    .quantized(step: 0.0625, lower: -12, upper: 30),
  ]

  static func shape(_ sizes: Int...) throws(ProblemError) -> TensorShape { try checkedShape(sizes) }
}
