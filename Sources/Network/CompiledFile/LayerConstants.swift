import LayerKernels

/// A layer's parameters as what all of them are made of: tensors, whose shapes the problem says, and lists of numbers.
struct LayerConstants {
  /// Which type the parameters are of.
  enum Kind: UInt8 {
    case none = 0
    case convolution = 1
    case matrixMultiply = 2
    case normalization = 3
    case recurrent = 4
    case pointwiseDepthwise = 5
  }

  let kind: Kind
  var tensors: [Tensor]
  let lists: [[Float]?]

  init(kind: Kind, tensors: [Tensor], lists: [[Float]?]) {
    self.kind = kind
    self.tensors = tensors
    self.lists = lists
  }

  /// Nil for parameters of another package's type.
  init?(_ parameters: any Sendable) {
    switch parameters {
    case is NoParameters: self.init(kind: .none, tensors: [], lists: [])
    case let parameters as ConvolutionParameters:
      self.init(kind: .convolution, tensors: [parameters.filter], lists: [parameters.bias])
    case let parameters as MatrixMultiplyParameters:
      self.init(kind: .matrixMultiply, tensors: parameters.weights.map { [$0] } ?? [], lists: [parameters.bias])
    case let parameters as NormalizationParameters:
      self.init(kind: .normalization, tensors: [], lists: [parameters.scale, parameters.bias])
    case let parameters as RecurrentParameters:
      self.init(
        kind: .recurrent, tensors: [parameters.weights, parameters.recurrence], lists: [parameters.bias])
    case let parameters as PointwiseDepthwiseParameters:
      self.init(
        kind: .pointwiseDepthwise, tensors: [parameters.pointwise.filter, parameters.depthwise.filter],
        lists: [parameters.pointwise.bias, parameters.depthwise.bias])
    default: return nil
    }
  }

  /// What the constants of a problem have to be: their kind, the shapes of the tensors and the number of lists; nil for a problem
  /// of another package.
  static func wanted(by problem: any LayerProblem) throws -> (kind: Kind, shapes: [TensorShape], lists: Int)? {
    switch problem {
    case let problem as ConvolutionProblem: (.convolution, [problem.filterShape], 1)
    case let problem as ConvolutionPoolingProblem: (.convolution, [problem.first.filterShape], 1)
    case let problem as MatrixMultiplyProblem:
      (.matrixMultiply, problem.hasConstantWeights ? [problem.weightShape] : [], 1)
    case is NormalizationProblem: (.normalization, [], 2)
    case let problem as RecurrentProblem:
      (
        .recurrent,
        [
          try TensorShape([problem.directions, problem.gateCount, problem.inputs]),
          try TensorShape([problem.directions, problem.gateCount, problem.hidden]),
        ], 1
      )
    case let problem as PointwiseDepthwiseProblem:
      (.pointwiseDepthwise, [problem.pointwise.filterShape, problem.depthwise.filterShape], 2)
    default: hasNone(problem) ? (.none, [], 0) : nil
    }
  }

  private static func hasNone(_ problem: some LayerProblem) -> Bool { takesNothing(type(of: problem)) }

  private static func takesNothing<Problem: LayerProblem>(_ type: Problem.Type) -> Bool {
    Problem.Parameters.self == NoParameters.self
  }

  /// The parameters, checked against their problem.
  ///
  /// - Throws: ``FileDamage``, ``ProblemError`` when they are not the problem's.
  func parameters(for problem: any LayerProblem) throws -> any Sendable {
    switch (problem, kind) {
    case (let problem as ConvolutionProblem, .convolution) where tensors.count == 1 && lists.count == 1:
      try ConvolutionParameters(filter: tensors[0], bias: lists[0], for: problem)
    case (let problem as ConvolutionPoolingProblem, .convolution) where tensors.count == 1 && lists.count == 1:
      try ConvolutionParameters(filter: tensors[0], bias: lists[0], for: problem.first)
    case (let problem as MatrixMultiplyProblem, .matrixMultiply) where tensors.count <= 1 && lists.count == 1:
      try MatrixMultiplyParameters(weights: tensors.first, bias: lists[0], for: problem)
    case (let problem as NormalizationProblem, .normalization) where lists.count == 2:
      try NormalizationParameters(scale: lists[0], bias: lists[1], for: problem)
    case (let problem as RecurrentProblem, .recurrent) where tensors.count == 2 && lists.count == 1 && lists[0] != nil:
      try RecurrentParameters(weights: tensors[0], recurrence: tensors[1], bias: lists[0], for: problem)
    case (let problem as PointwiseDepthwiseProblem, .pointwiseDepthwise)
    where tensors.count == 2 && lists.count == 2:
      PointwiseDepthwiseParameters(
        pointwise: try ConvolutionParameters(filter: tensors[0], bias: lists[0], for: problem.pointwise),
        depthwise: try ConvolutionParameters(filter: tensors[1], bias: lists[1], for: problem.depthwise))
    case (_, .none) where Self.hasNone(problem): NoParameters()
    default: throw FileDamage("a layer's constants are of another kind than its problem")
    }
  }

  /// The elements of all tensors.
  var elementCount: Int { tensors.reduce(0) { $0 + $1.shape.elementCount } }
}
