import LayerKernels
public import TensorOperators

/// What can be said of a model without running it, all that would be refused among it.
public struct ModelInspection: Sendable {
  /// What becomes of a node.
  public enum Outcome: String, Sendable, CaseIterable {
    /// Its result is computed while the model is read.
    case constant
    /// Layers and movements of a network, which kernels run.
    case layer
    /// An operator over tensors.
    case tensorOperator = "tensor operator"
    /// What it becomes shows when sizes are known that are open, or depend on data.
    case later
    /// The model is not loaded because of it.
    case refused
  }

  /// How often a model has an operator, and what becomes of it.
  public struct OperatorUse: Sendable {
    /// The operator, with its domain before it where that is not the standard one.
    public let name: String
    /// The number of nodes by what becomes of them.
    public internal(set) var counts: [Outcome: Int] = [:]

    /// The number of nodes.
    public var total: Int { counts.values.reduce(0, +) }
  }

  /// A node or an input that is refused.
  public struct Refusal: Hashable, Sendable, CustomStringConvertible {
    /// The node's or input's name.
    public let node: String
    /// The operator, or `input`.
    public let operatorName: String
    /// What is wrong with it.
    public let reason: String

    init(node: String, operatorName: String, reason: String) {
      self.node = node
      self.operatorName = operatorName
      self.reason = reason
    }

    /// A refusal of the model as a whole.
    public init(_ reason: String) { self.init(node: "", operatorName: "graph", reason: reason) }

    /// One line.
    public var description: String {
      (node.isEmpty ? reason : "\(operatorName == "input" ? "" : "node ")'\(node)' (\(operatorName)): \(reason)")
        .asSingleLine
    }
  }

  /// The operators by name.
  public let operators: [OperatorUse]
  /// Everything that is refused, in the order in which it is met.
  public let refusals: [Refusal]
  /// The types of the inputs; nil for those whose sizes are open.
  public let inputTypes: [TensorType?]
}

extension ONNXModel {
  /// What becomes of each node when the model is loaded, and everything that would be refused.
  ///
  /// After a node that is refused, and where sizes are open, it can still be said whether somebody knows the other operators.
  ///
  /// - Throws: ``ONNXError`` when sizes are asked for that the model does not leave open.
  public func inspection(
    batch: Int? = nil, inputSize: (height: Int, width: Int)? = nil, shapes: [String: [Int]] = [:],
    operators: ONNXOperatorRegistry = .standard
  ) throws(ONNXError) -> ModelInspection {
    let asked = AskedSizes(batch: batch, inputSize: inputSize, shapes: shapes)
    try asked.check(against: inputs)
    let types = inputs.map { input -> TensorType? in
      guard let type = input.type, let sizes = asked.sizes(of: input), !sizes.contains(nil) else { return nil }
      return (try? TensorShape(sizes.compactMap { $0 })).map { TensorType(type, $0) }
    }
    let known = zip(inputs, types).compactMap { input, type in type.map { (name: input.name, type: $0) } }
    let scope = ModelScope(name: name, opsets: opsets, functions: functions, operators: operators)
    var ledger = PlanningLedger()
    let nodes = graph.node.map { ScopedNode($0, scope: scope) }
    do {
      var planner = try ModelPlanner(
        nodes, scope: scope, inputs: known, constants: constants,
        outputs: graph.output.map(\.name),
        unknown: Set(zip(inputs, types).compactMap { $1 == nil ? $0.name : nil }))
      ledger = planner.inspect()
    } catch {
      ledger.refuse("", "graph", "\(error)")
      for node in nodes { ledger.noteLate(node) }
    }
    let ports = inputs.filter { $0.type == nil }.map {
      ModelInspection.Refusal(
        node: $0.name, operatorName: "input", reason: "its elements are no tensor of numbers or truth values")
    }
    return ModelInspection(
      operators: ledger.uses.values.sorted { $0.name < $1.name }, refusals: ports + ledger.refusals, inputTypes: types)
  }
}
