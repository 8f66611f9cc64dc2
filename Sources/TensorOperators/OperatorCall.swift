public import LayerKernels

/// One use of an operator with its operands: what an implementation sees.
public struct OperatorCall: Sendable {
  /// Runs a graph that belongs to the node, such as the branch of an `If`, on the given inputs.
  public typealias Body = @Sendable ([TypedTensor]) throws -> [TypedTensor]

  /// The operator, `Add`.
  public let operatorName: String
  /// The version of the operator's domain that the model asks for.
  public let opset: Int
  /// The attributes.
  public let attributes: OperatorAttributes
  /// The operands; nil for those left out. Trailing ones may be missing.
  public let inputs: [TypedTensor?]
  /// Which outputs somebody reads; as many as the node names.
  public let wantedOutputs: [Bool]
  /// The graphs that belong to the node, by the attributes' names.
  public let bodies: [String: Body]

  /// A use of an operator.
  public init(
    _ operatorName: String, opset: Int, attributes: OperatorAttributes = OperatorAttributes(),
    inputs: [TypedTensor?], wantedOutputs: [Bool] = [true], bodies: [String: Body] = [:]
  ) {
    self.operatorName = operatorName
    self.opset = opset
    self.attributes = attributes
    self.inputs = inputs
    self.wantedOutputs = wantedOutputs
    self.bodies = bodies
  }

  /// An operand; nil when it is left out.
  public func input(_ index: Int) -> TypedTensor? { inputs.indices.contains(index) ? inputs[index] : nil }

  /// An operand that has to be there.
  ///
  /// - Throws: ``OperatorError``.
  public func required(_ index: Int) throws(OperatorError) -> TypedTensor {
    guard let input = input(index) else { throw OperatorError("input \(index) is missing") }
    return input
  }

  /// Whether somebody reads an output.
  public func wants(_ output: Int) -> Bool { wantedOutputs.indices.contains(output) && wantedOutputs[output] }

  /// A graph of the node.
  ///
  /// - Throws: ``OperatorError``.
  public func body(_ name: String) throws(OperatorError) -> Body {
    guard let body = bodies[name] else { throw OperatorError("it has no graph '\(name)'") }
    return body
  }
}

/// One use of an operator before its operands' elements are known: what a shape rule sees.
public struct OperatorTypes: Sendable {
  /// The version of the operator's domain that the model asks for.
  public let opset: Int
  /// The attributes.
  public let attributes: OperatorAttributes
  /// The operands' types; nil for those left out.
  public let inputs: [TensorType?]
  /// The operands whose elements are known already; nil for all others.
  public let constants: [TypedTensor?]
  /// How many outputs the node names.
  public let outputCount: Int

  /// A use of an operator.
  public init(
    opset: Int, attributes: OperatorAttributes, inputs: [TensorType?], constants: [TypedTensor?], outputCount: Int
  ) {
    self.opset = opset
    self.attributes = attributes
    self.inputs = inputs
    self.constants = constants
    self.outputCount = outputCount
  }

  /// An operand's type; nil when it is left out.
  public func input(_ index: Int) -> TensorType? { inputs.indices.contains(index) ? inputs[index] : nil }

  /// An operand's elements; nil when it is left out or they are not known yet.
  public func constant(_ index: Int) -> TypedTensor? { constants.indices.contains(index) ? constants[index] : nil }

  /// An operand's type, where it has to be there.
  ///
  /// - Throws: ``OperatorError``.
  public func required(_ index: Int) throws(OperatorError) -> TensorType {
    guard let input = input(index) else { throw OperatorError("input \(index) is missing") }
    return input
  }
}

/// Why an operator cannot be computed: what does not fit, in one line without the node, which the caller names.
public struct OperatorError: Error, Equatable, CustomStringConvertible {
  /// What does not fit.
  public let reason: String

  /// An error with a reason.
  public init(_ reason: String) { self.reason = reason }

  /// The reason.
  public var description: String { reason }
}

extension Int {
  /// The axis that a number means: counted from the end if negative.
  ///
  /// - Throws: ``OperatorError`` when there is no such axis.
  func axis(rank: Int) throws(OperatorError) -> Int {
    guard (-rank..<rank).contains(self) else { throw OperatorError("axis \(self) of \(rank) dimensions") }
    return self < 0 ? self + rank : self
  }
}
