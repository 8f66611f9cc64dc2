/// Lines of a tensor brought to a common scale, then multiplied and shifted: the normalizations of layers, instances, groups and
/// of a root mean square.
///
/// `y = (x − mean) · 1 / √(variance + epsilon) · scale + bias`, the mean and the variance over a line; see ``Statistic`` for the
/// others. A line is what the ``Lines`` say. All operands are as the tensor; scale and bias are parameters.
public struct NormalizationProblem: LayerProblem {
  /// Which elements share a mean, and how scale and bias go with them.
  public enum Lines: Hashable, Sendable {
    /// The axes from one on to the last; scale and bias have a number for each element of a line.
    case lastAxes(from: Int)
    /// The channels (axis 1) in so many groups with all that follow them; scale and bias have a number for each channel.
    case channelGroups(Int)
  }

  /// What a line is divided by.
  public enum Statistic: String, Hashable, Sendable, CaseIterable {
    /// √(variance + epsilon), after the mean is taken away.
    case variance
    /// √(mean of the squares + epsilon).
    case meanSquare = "mean-square"
    /// The square root of the sum of the squares, at least epsilon; a line of length 0 stays 0.
    case length
  }

  /// Which of scale and bias there are.
  public enum Affine: String, Hashable, Sendable, CaseIterable {
    /// Neither.
    case none
    /// A scale.
    case scale
    /// A scale and a bias.
    case scaleAndBias = "scale+bias"
  }

  /// The tensor's shape.
  public let outputShape: TensorShape
  /// Which elements belong together.
  public let lines: Lines
  /// What a line is divided by.
  public let statistic: Statistic
  /// Which parameters there are.
  public let affine: Affine
  /// What keeps the divisor from zero.
  public let epsilon: Float

  /// The operation's name in keys.
  public static let operation = "normalization"

  /// Checks the sizes.
  ///
  /// - Throws: ``ProblemError`` when the tensor is empty or lacks the axis, the channels cannot be divided into so many groups, or
  ///   epsilon is negative or no number.
  public init(
    shape: TensorShape, over lines: Lines, statistic: Statistic = .variance, affine: Affine = .scaleAndBias,
    epsilon: Float = 1e-5
  ) throws(ProblemError) {
    try checkSize("element count", shape.elementCount, in: 1...TensorShape.maximumElementCount)
    switch lines {
    case .lastAxes(let axis):
      try checkSize("normalization rank", shape.rank, in: 1...TensorShape.maximumRank)
      try checkSize("normalization axis", axis, in: 0...(shape.rank - 1))
    case .channelGroups(let groups):
      try checkSize("normalization rank", shape.rank, in: 2...TensorShape.maximumRank)
      try checkSize("normalization groups", groups, in: 1...shape[1])
      guard shape[1] % groups == 0 else {
        throw .inconsistent("\(shape[1]) channels cannot be divided into \(groups) groups")
      }
    }
    guard epsilon >= 0, epsilon.isFinite else {
      throw .inconsistent("the normalization's epsilon is \(epsilon), which is negative or no number")
    }
    outputShape = shape
    self.lines = lines
    self.statistic = statistic
    self.affine = affine
    self.epsilon = epsilon
  }

  /// Reads the problem back from its key.
  public init(key: ProblemKey) throws(ProblemError) {
    func word<Word: RawRepresentable<String>>(_ name: String, as _: Word.Type) throws(ProblemError) -> Word {
      let value = try key.text(name)
      guard let word = Word(rawValue: value) else {
        throw .malformedField(key: key.description, name: name, value: value)
      }
      return word
    }
    let text = try key.text("epsilon")
    guard let epsilon = Float(text) else {
      throw .malformedField(key: key.description, name: "epsilon", value: text)
    }
    let lines: Lines
    switch try key.text("over") {
    case "axes": lines = .lastAxes(from: try key.integer("axis"))
    case "groups": lines = .channelGroups(try key.integer("groups"))
    case let other: throw .malformedField(key: key.description, name: "over", value: other)
    }
    try self.init(
      shape: key.shape("shape"), over: lines, statistic: word("by", as: Statistic.self),
      affine: word("parameters", as: Affine.self), epsilon: epsilon)
    try key.check(against: self)
  }

  /// `normalization shape=1x197x768 over=axes axis=2 by=variance parameters=scale+bias epsilon=1e-05`
  public var key: ProblemKey {
    let (shape, by, parameters) = ("\(outputShape)", statistic.rawValue, affine.rawValue)
    return switch lines {
    case .lastAxes(let axis):
      ProblemKey(
        operation: Self.operation,
        [
          "shape": shape, "over": "axes", "axis": "\(axis)", "by": by, "parameters": parameters,
          "epsilon": "\(epsilon)",
        ])
    case .channelGroups(let groups):
      ProblemKey(
        operation: Self.operation,
        [
          "shape": shape, "over": "groups", "groups": "\(groups)", "by": by, "parameters": parameters,
          "epsilon": "\(epsilon)",
        ])
    }
  }

  /// The lines one after the other; the groups after which the parameters repeat; the elements of a line, and how many of them
  /// that are neighbours share a parameter.
  public var extents: (count: Int, groups: Int, length: Int, inner: Int) {
    let sizes = outputShape.dimensions
    switch lines {
    case .lastAxes(let axis): return (sizes[..<axis].reduce(1, *), 1, sizes[axis...].reduce(1, *), 1)
    case .channelGroups(let groups):
      let inner = sizes[2...].reduce(1, *)
      return (sizes[0] * groups, groups, sizes[1] / groups * inner, inner)
    }
  }

  /// The numbers of a scale or a bias.
  public var affineCount: Int {
    let extents = extents
    return extents.groups * extents.length / extents.inner
  }

  /// The tensor.
  public var inputShapes: [TensorShape] { [outputShape] }
  /// Three operations an element for the statistic, two to bring it to scale, and those of the parameters.
  public var operationCount: OperationCount {
    OperationCount(
      operations: outputShape.elementCount * (5 + (affine == .none ? 0 : 1) + (affine == .scaleAndBias ? 1 : 0)))
  }
  /// Every element read once and written once, and the parameters.
  public var memoryAccessCost: Int {
    activationElementCount + (affine == .none ? 0 : affineCount) + (affine == .scaleAndBias ? affineCount : 0)
  }

  /// A scale around one and a bias.
  public func randomParameters(from random: inout RandomSource) -> NormalizationParameters {
    NormalizationParameters(
      uncheckedScale: affine == .none ? nil : (0..<affineCount).map { _ in 1 + random.nextFloat(magnitude: 0.5) },
      bias: affine == .scaleAndBias ? (0..<affineCount).map { _ in random.nextFloat(magnitude: 0.5) } : nil)
  }

  /// Of tokens, and of groups of planes.
  public static func representatives() throws(ProblemError) -> [RepresentativeProblem] {
    [
      .init("tokens", try NormalizationProblem(shape: checkedShape([1, 197, 768]), over: .lastAxes(from: 2))),
      .init(
        "tokens without mean",
        try NormalizationProblem(
          shape: checkedShape([1, 197, 768]), over: .lastAxes(from: 2), statistic: .meanSquare, affine: .scale)),
      .init("groups", try NormalizationProblem(shape: checkedShape([1, 64, 28, 28]), over: .channelGroups(8))),
    ]
  }
}

/// The constants of a normalization.
public struct NormalizationParameters: Sendable {
  /// One number for each element of a line or each channel, or nil.
  public let scale: [Float]?
  /// As many, or nil.
  public let bias: [Float]?

  /// Checks the constants against their problem.
  ///
  /// - Throws: ``ProblemError/inconsistent(_:)`` when they are not as many as the problem says.
  public init(scale: [Float]?, bias: [Float]?, for problem: NormalizationProblem) throws(ProblemError) {
    let wanted = (
      problem.affine == .none ? nil : problem.affineCount, problem.affine == .scaleAndBias ? problem.affineCount : nil
    )
    guard scale?.count == wanted.0, bias?.count == wanted.1 else {
      throw .inconsistent(
        "a scale of \(scale?.count ?? 0) and a bias of \(bias?.count ?? 0) numbers were given, "
          + "but the normalization needs \(wanted.0 ?? 0) and \(wanted.1 ?? 0)")
    }
    self.init(uncheckedScale: scale, bias: bias)
  }

  package init(uncheckedScale scale: [Float]?, bias: [Float]?) {
    self.scale = scale
    self.bias = bias
  }
}
