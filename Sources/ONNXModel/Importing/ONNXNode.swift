/// A node of a model with its attributes.
public struct ONNXNode {
  /// The node's name; of a node without one, its operator and first output.
  public let name: String
  /// The operator, `Conv`.
  public let operatorName: String
  /// The names of the inputs; empty for those left out.
  public let inputs: [String]
  /// The names of the outputs; empty for those left out.
  public let outputs: [String]
  /// The version of the standard operators.
  public let opset: Int

  private let attributes: [String: Onnx_AttributeProto]

  init(_ message: Onnx_NodeProto, opset: Int) {
    name = message.name.isEmpty ? "\(message.opType) \(message.output.first ?? "")" : message.name
    operatorName = message.opType
    inputs = message.input
    outputs = message.output
    self.opset = opset
    attributes = Dictionary(message.attribute.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  private init(_ node: ONNXNode, output: Int) {
    name = node.name
    operatorName = node.operatorName
    inputs = node.inputs
    outputs = node.outputs.indices.contains(output) ? [node.outputs[output]] : []
    opset = node.opset
    attributes = node.attributes
  }

  /// The node seen as the maker of one of its outputs, so that each part of a split carries its own name.
  func makingOnly(output: Int) -> ONNXNode { ONNXNode(self, output: output) }

  /// Whether an attribute is given.
  public func has(_ attribute: String) -> Bool { attributes[attribute] != nil }

  /// An attribute that is a whole number.
  public func integer(_ attribute: String) -> Int? { attributes[attribute].map { Int($0.i) } }

  /// An attribute that is a number.
  public func float(_ attribute: String) -> Float? { attributes[attribute].map(\.f) }

  /// An attribute that is text.
  public func text(_ attribute: String) -> String? {
    attributes[attribute].map { String(decoding: $0.s, as: UTF8.self) }
  }

  /// An attribute that is a list of whole numbers.
  public func integers(_ attribute: String) -> [Int]? { attributes[attribute].map { $0.ints.map(Int.init) } }

  /// An attribute that is a list of numbers.
  public func floats(_ attribute: String) -> [Float]? { attributes[attribute].map(\.floats) }

  func tensor(_ attribute: String) throws(ONNXError) -> ConstantTensor? {
    guard let message = attributes[attribute], message.hasT else { return nil }
    return try ConstantTensor(message.t)
  }

  /// An error that says that the node cannot be imported.
  public func unsupported(_ reason: String) -> ONNXError {
    .unsupported(node: name, operatorName: operatorName, opset: opset, reason: reason)
  }

  /// An error that says that the node is wrong.
  public func error(_ reason: String) -> ONNXError { .node(name: name, operatorName: operatorName, reason: reason) }

  /// An axis counted from the end if negative.
  ///
  /// - Throws: ``ONNXError/node(name:operatorName:reason:)`` when there is none.
  public func axis(_ axis: Int, rank: Int) throws(ONNXError) -> Int {
    guard (-rank..<rank).contains(axis) else { throw error("axis \(axis) of \(rank) dimensions") }
    return axis < 0 ? axis + rank : axis
  }
}
