import Luthier
import Presentation

/// What `luthier inspect` prints of a model.
struct ModelDescription: Encodable {
  struct Port: Encodable {
    let name: String
    /// The element type; nil where the file does not say.
    let type: String?
    /// The sizes, open ones by their names or as `?`; nil where not even their number is known.
    let sizes: [String]?

    init(_ port: ONNXModel.Port) {
      name = port.name
      type = port.type?.rawValue
      sizes = port.sizes.map { sizes in
        sizes.enumerated().map { axis, size in
          size.map(String.init) ?? (port.sizeNames.indices.contains(axis) ? port.sizeNames[axis] : nil) ?? "?"
        }
      }
    }

    var text: String {
      let shape = sizes.map { $0.isEmpty ? "scalar" : $0.joined(separator: "x") } ?? "any shape"
      return "\(name.asSingleLine): \(type ?? "any type") \(shape.asSingleLine)"
    }
  }

  struct Operator: Encodable {
    let name: String
    let nodes: Int
    let layers: Int
    let tensor_operators: Int
    let constants: Int
    /// Nodes of which it shows only when open sizes, or those that depend on data, are known.
    let later: Int
    let refused: Int
  }

  struct Refusal: Encodable {
    let node: String
    let operator_name: String
    let reason: String
  }

  let name: String
  let format_version: Int
  let opsets: [String: Int]
  let inputs: [Port]
  let outputs: [Port]
  /// Elements of the weights and other constants.
  let parameters: Int
  /// Of the layers that kernels compute; nil where sizes are open or something is refused.
  let flops: Int?
  /// Networks of layers; 1 where the model is nothing else. Nil as ``flops``.
  let networks: Int?
  /// Operators over tensors between and beside them. Nil as ``flops``.
  let steps_between: Int?
  let operators: [Operator]
  let refused: [Refusal]

  init(_ network: String, _ deployment: Deployment) throws {
    let file = try deployment.file(of: network)
    let isCatalog = NetworkCatalog.entry(named: network) != nil
    let inspection = try file.inspection(
      batch: isCatalog ? nil : deployment.batch, inputSize: isCatalog ? nil : deployment.inputSize,
      shapes: deployment.shapes, operators: deployment.operators)
    name = file.name
    format_version = file.formatVersion
    opsets = Dictionary(
      file.opsets.map { ($0.key.isEmpty ? "ai.onnx" : $0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
    inputs = file.inputs.map { Port($0) }
    outputs = file.outputs.map { Port($0) }
    parameters = file.parameterCount
    operators = inspection.operators.map { use in
      func count(_ outcome: ModelInspection.Outcome) -> Int { use.counts[outcome] ?? 0 }
      return Operator(
        name: use.name, nodes: use.total, layers: count(.layer), tensor_operators: count(.tensorOperator),
        constants: count(.constant), later: count(.later), refused: count(.refused))
    }
    var refusals = inspection.refusals
    var plan: ProgramPlan?
    let types = inspection.inputTypes.compactMap { $0 }
    if refusals.isEmpty, types.count == file.inputs.count {
      do { plan = try file.plan(inputs: types, operators: deployment.operators) } catch {
        refusals = [.init("\(error)")]
      }
    }
    let graphs = try plan?.graphs.map { try $0.applying(GraphPass.standard) }
    flops = graphs?.reduce(0) { $0 + $1.flops }
    networks = graphs?.count
    steps_between = plan?.operatorNames.count
    refused = refusals.map { Refusal(node: $0.node, operator_name: $0.operatorName, reason: $0.reason) }
  }

  /// How to say the sizes that are open, where nothing else is in the way.
  private var wayToSizes: String {
    guard refused.isEmpty, let open = inputs.first(where: { $0.sizes?.contains { Int($0) == nil } ?? true }) else {
      return ""
    }
    let sizes = open.sizes.map { $0.map { Int($0) == nil ? "?" : $0 } } ?? ["?"]
    let argument = "\(open.name)=\(sizes.joined(separator: "x"))".asSingleLine
    return ": sizes are open; --shape '\(argument)' with numbers for ? says them"
  }

  var text: String {
    var lines = [
      "\(name): ONNX format \(format_version), "
        + opsets.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
    ]
    for port in inputs { lines.append("input   \(port.text)") }
    for port in outputs { lines.append("output  \(port.text)") }
    lines.append(
      "\(parameters) parameters, " + (flops.map { "\($0) FLOPs of layers" } ?? "FLOPs not known\(wayToSizes)"))
    if let networks, let steps_between {
      lines.append(
        "\(networks) \(networks == 1 ? "network" : "networks") of layers, \(steps_between) "
          + "\(steps_between == 1 ? "operator" : "operators") over tensors")
    }
    var table = Table([
      .text("operator"), .number("nodes"), .number("layers"), .number("tensor operators"), .number("constants"),
      .number("later"), .number("refused"),
    ])
    for row in operators {
      table.add(
        [row.name]
          + [row.nodes, row.layers, row.tensor_operators, row.constants, row.later, row.refused].map(String.init))
    }
    lines += ["", table.text]
    if !refused.isEmpty {
      lines.append("")
      for refusal in refused {
        let place = refusal.node.isEmpty ? "" : "\(refusal.node) (\(refusal.operator_name)): "
        lines.append("refused: " + (place + refusal.reason).asSingleLine)
      }
    }
    return lines.joined(separator: "\n")
  }
}

extension Graph {
  /// The arithmetic of all layers.
  fileprivate var flops: Int {
    nodes.reduce(0) { sum, node in
      guard case .layer(let problem, _) = node.operation else { return sum }
      return sum + problem.operationCount.flopsWithBias
    }
  }
}
