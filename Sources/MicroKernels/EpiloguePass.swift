public import LayerKernels

/// The epilogue as a pass over results that a library has written and that know nothing of it: bias, residual and
/// activation of a row of elements that lie side by side.
public struct EpiloguePass: Sendable {
  private let hasBias: Bool
  private let hasResidual: Bool
  private let hasActivation: Bool
  private let activation: TileActivation
  private let function: MicroKernelFunction<ElementwiseRowArguments>

  /// A pass for an epilogue.
  ///
  /// - Parameters:
  ///   - addsBias: false where the library adds the bias.
  ///   - set: whose element-wise function does it.
  public init(_ epilogue: Epilogue, addsBias: Bool, _ set: MicroKernelSet) {
    hasBias = epilogue.hasBias && addsBias
    hasResidual = epilogue.hasResidual
    hasActivation = epilogue.activation != .identity
    activation = TileActivation(epilogue.activation)
    function = set.planes.elementwise
  }

  /// Whether results stay as they are.
  public var isEmpty: Bool { !hasBias && !hasResidual && !hasActivation }

  /// Does what is left of the epilogue to a row.
  ///
  /// - Parameters:
  ///   - source: `count` results.
  ///   - target: where they go, which may be where they are.
  ///   - bias: the bias of the first element, if the pass adds one.
  ///   - biasStep: 1 where every element has a bias of its own, 0 where they share one.
  ///   - residual: the row of the residual, if there is one.
  public func callAsFunction(
    _ source: UnsafePointer<Float>, to target: UnsafeMutablePointer<Float>, count: Int,
    bias: UnsafePointer<Float>? = nil, biasStep: Int = 1, residual: UnsafePointer<Float>? = nil
  ) {
    guard count > 0, !isEmpty || source != UnsafePointer(target) else { return }
    var sums = source
    if hasBias, let bias {
      var arguments = ElementwiseRowArguments(
        .add, source, step: 1, bias, step: biasStep, target: target, count: count,
        activation: hasResidual ? .none : activation)
      function(&arguments)
      sums = UnsafePointer(target)
    } else if !hasResidual {
      var arguments = ElementwiseRowArguments(activation, of: source, target: target, count: count)
      function(&arguments)
    }
    if hasResidual, let residual {
      var arguments = ElementwiseRowArguments(
        .add, sums, residual, target: target, count: count, activation: activation)
      function(&arguments)
    }
  }
}
