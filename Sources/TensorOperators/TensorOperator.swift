public import LayerKernels

/// One operator over tensors of any type, as a standard defines it: the one definition that folds constants, computes what no
/// kernel does, and says what a kernel has to give.
public struct TensorOperator: Sendable {
  /// Computes the outputs; trailing outputs that nobody wants may be left out.
  public typealias Evaluation = @Sendable (OperatorCall) throws -> [TypedTensor]

  /// The types of the outputs, where they follow from the operands' types and from constants; nil where they depend on data.
  public typealias TypeRule = @Sendable (OperatorTypes) throws -> [TensorType]?

  /// The operator's name, `Add`.
  public let name: String
  /// The domain; empty for the standard one.
  public let domain: String
  /// The version of the domain in which this definition came.
  public let since: Int
  /// Whether the same inputs always give the same outputs, so that constants can be folded.
  public let isDeterministic: Bool
  let types: TypeRule
  let evaluate: Evaluation

  /// An operator.
  ///
  /// - Parameters:
  ///   - types: the types of the outputs; an operator whose outputs' sizes depend on data gives nil.
  ///   - evaluate: computes the outputs.
  public init(
    _ name: String, domain: String = "", since: Int = 1, isDeterministic: Bool = true,
    types: @escaping TypeRule = { _ in nil }, evaluate: @escaping Evaluation
  ) {
    self.name = name
    self.domain = domain
    self.since = since
    self.isDeterministic = isDeterministic
    self.types = types
    self.evaluate = evaluate
  }

  /// The types of the outputs; nil where they depend on data.
  ///
  /// - Throws: what does not fit.
  public func outputTypes(_ types: OperatorTypes) throws -> [TensorType]? { try self.types(types) }

  /// Computes the outputs.
  ///
  /// - Throws: what does not fit.
  public func callAsFunction(_ call: OperatorCall) throws -> [TypedTensor] { try evaluate(call) }
}

/// The operators that are known, by domain, name and the version in which their definition came.
public struct TensorOperatorRegistry: Sendable {
  private var operators: [String: [TensorOperator]] = [:]

  /// A registry that knows nothing.
  public init() {}

  /// Adds an operator, in place of one of the same domain, name and version.
  public mutating func register(_ newOperator: TensorOperator) {
    let key = "\(newOperator.domain)/\(newOperator.name)"
    var versions = operators[key, default: []].filter { $0.since != newOperator.since }
    versions.append(newOperator)
    operators[key] = versions.sorted { $0.since < $1.since }
  }

  /// Adds an operator of the standard domain.
  mutating func register(
    _ name: String, since: Int = 1, types: @escaping TensorOperator.TypeRule = { _ in nil },
    evaluate: @escaping TensorOperator.Evaluation
  ) {
    register(TensorOperator(name, since: since, types: types, evaluate: evaluate))
  }

  /// The definition that holds at a version: that of the greatest version not above it. Nil when there is none.
  public func definition(domain: String, name: String, opset: Int) -> TensorOperator? {
    operators["\(domain == "ai.onnx" ? "" : domain)/\(name)"]?.last { $0.since <= opset }
  }

  /// Every definition, by domain, name and version.
  public var all: [TensorOperator] {
    operators.values.flatMap { $0 }.sorted { ($0.domain, $0.name, $0.since) < ($1.domain, $1.name, $1.since) }
  }

  /// Every operator that the library knows.
  public static let standard: TensorOperatorRegistry = {
    var registry = TensorOperatorRegistry()
    registry.registerArithmetic()
    registry.registerBitwise()
    registry.registerComparisons()
    registry.registerVariadicArithmetic()
    registry.registerUnaryMath()
    registry.registerActivations()
    registry.registerMicrosoftActivations()
    registry.registerClipping()
    registry.registerCasting()
    registry.registerReductions()
    registry.registerSoftmaxes()
    registry.registerScans()
    registry.registerLayerNormalizations()
    registry.registerChannelNormalizations()
    registry.registerBatchNormalization()
    registry.registerLosses()
    registry.registerQuantization()
    registry.registerQuantizedElementwise()
    registry.registerConstants()
    registry.registerReshaping()
    registry.registerRearranging()
    registry.registerJoining()
    registry.registerPadding()
    registry.registerGathering()
    registry.registerScattering()
    registry.registerOrdering()
    registry.registerMatrices()
    registry.registerEinsum()
    registry.registerControlFlow()
    registry.registerResizing()
    registry.registerConvolution()
    registry.registerTransposedConvolution()
    registry.registerPooling()
    registry.registerGlobalPooling()
    registry.registerSampling()
    registry.registerSignals()
    registry.registerDetection()
    registry.registerPatches()
    registry.registerQuantizedProducts()
    registry.registerQuantizedPooling()
    registry.registerDeformableConvolution()
    registry.registerRecurrence()
    registry.registerDynamicQuantizeLSTM()
    registry.registerAttention()
    registry.registerRotaryEmbedding()
    registry.registerFusedAttention()
    registry.registerLinearAttention()
    registry.registerVendorProducts()
    return registry
  }()
}
