import LayerKernels

/// The nodes and the constants that stand for one node of a model, as they are made one after the other.
struct ExpandedNodes {
  private var nodes: [Onnx_NodeProto] = []
  private var constants: [(name: String, tensor: Onnx_TensorProto)] = []
  /// What makes the names inside different from all others.
  let prefix: String
  /// The name of the node that they stand for.
  private let name: String

  /// No nodes yet.
  init(for message: Onnx_NodeProto, prefix: String) {
    self.prefix = prefix
    name = message.name.isEmpty ? "\(message.opType) \(message.output.first ?? "")" : message.name
  }

  var inlining: Inlining { Inlining(nodes: nodes, constants: constants) }

  /// Adds a constant and gives its name.
  mutating func constant(_ tensor: TypedTensor, _ word: String) -> String {
    let name = "\(prefix)\(word)"
    constants.append((name, Onnx_TensorProto(tensor, name: name)))
    return name
  }

  /// Adds a node and gives the name of its output.
  ///
  /// - Parameter isMain: whether it does the work, and has the model's own name.
  @discardableResult
  mutating func add(
    _ operatorName: String, _ inputs: [String], to output: String? = nil, isMain: Bool = false,
    _ attributes: [Onnx_AttributeProto] = []
  ) -> String {
    var node = Onnx_NodeProto()
    node.opType = operatorName
    node.name = isMain ? name : "\(prefix)\(operatorName) \(nodes.count)"
    node.input = inputs
    node.output = [output ?? "\(prefix)value \(nodes.count)"]
    node.attribute = attributes
    nodes.append(node)
    return node.output[0]
  }
}
