import LayerKernels
import TensorOperators

/// A node of a model with its attributes.
public struct ONNXNode {
  /// The node's name; of a node without one, its operator and first output.
  public let name: String
  /// The operator, `Conv`.
  public let operatorName: String
  /// The names of the inputs; empty for those left out.
  public let inputs: [String]
  /// The names of the outputs; empty for those left out and those that nobody reads.
  public let outputs: [String]
  /// The version of the standard operators.
  public let opset: Int

  private let attributes: [String: Onnx_AttributeProto]

  init(_ message: Onnx_NodeProto, opset: Int, unread: Set<String> = []) {
    name = message.name.isEmpty ? "\(message.opType) \(message.output.first ?? "")" : message.name
    operatorName = message.opType
    inputs = message.input
    outputs = message.output.map { unread.contains($0) ? "" : $0 }
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

  /// Whether the node has graphs of its own.
  var hasBodies: Bool { attributes.values.contains(where: \.hasG) }

  /// The attributes as operators over tensors read them; graphs are left out.
  ///
  /// - Throws: ``ONNXError`` when a tensor among them cannot be read.
  func operatorAttributes() throws(ONNXError) -> OperatorAttributes {
    var result = OperatorAttributes()
    for (name, attribute) in attributes { result[name] = try Self.value(attribute) }
    return result
  }

  private static func value(_ attribute: Onnx_AttributeProto) throws(ONNXError) -> OperatorAttributes.Value? {
    switch attribute.type {
    case .float: return .float(attribute.f)
    case .int: return .integer(Int(attribute.i))
    case .string: return .text(String(decoding: attribute.s, as: UTF8.self))
    case .floats: return .floats(attribute.floats)
    case .ints: return .integers(attribute.ints.map(Int.init))
    case .strings: return .texts(attribute.strings.map { String(decoding: $0, as: UTF8.self) })
    case .tensor: return .tensor(try TypedTensor(attribute.t))
    case .undefined: return untypedValue(attribute)
    default: return nil
    }
  }

  /// Files of the first years say no types of attributes.
  private static func untypedValue(_ attribute: Onnx_AttributeProto) -> OperatorAttributes.Value? {
    if attribute.hasF { return .float(attribute.f) }
    if attribute.hasI { return .integer(Int(attribute.i)) }
    if attribute.hasS { return .text(String(decoding: attribute.s, as: UTF8.self)) }
    if !attribute.floats.isEmpty { return .floats(attribute.floats) }
    return .integers(attribute.ints.map(Int.init))
  }

  /// An error that says that the node cannot be imported.
  public func unsupported(_ reason: String) -> ONNXError {
    .unsupported(node: name, operatorName: operatorName, opset: opset, reason: reason)
  }

  /// An error that says that nobody knows the operator, and what to do about it.
  func unknown(domain: String) -> ONNXError {
    let isStandard = domain.isEmpty || domain == "ai.onnx"
    let place = isStandard ? "" : " of domain '\(domain)'"
    return unsupported("nobody imports the operator\(place); \(wayOut(domain: isStandard ? "" : domain))")
  }

  /// What to do about an operator that nobody imports.
  private func wayOut(domain: String) -> String {
    if domain.hasSuffix("training") { return "training is left out: export the model for inference" }
    guard domain.isEmpty else { return "a plugin can (see --plugin)" }
    switch operatorName {
    case "Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike":
      return "random numbers are left out: make them an input of the model"
    case "StringConcat", "StringNormalizer", "StringSplit", "RegexFullMatch", "TfIdfVectorizer":
      return "strings are left out: cut the model after what reads them"
    case "ImageDecoder": return "files of pictures are left out: make their pixels an input of the model"
    case "SplitToSequence", "ConcatFromSequence": return "sequences are left out: export the model with tensors only"
    default:
      for kind in ["Sequence", "Optional"] where operatorName.hasPrefix(kind) {
        return "\(kind.lowercased())s are left out: export the model with tensors only"
      }
      return "a plugin can (see --plugin)"
    }
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

extension Onnx_NodeProto {
  /// The operator, with its domain before it where that is not the standard one.
  var qualifiedName: String { isStandard ? opType : "\(domain).\(opType)" }

  /// Whether the operator is of the standard domain, which has two names.
  var isStandard: Bool { domain.isEmpty || domain == "ai.onnx" }
}
