public import LayerKernels
public import Network
public import TensorOperators

/// The place of a value while a program runs.
public struct Slot: Hashable, Sendable {
  /// The position among the program's values.
  public let index: Int

  /// The place of that position.
  public init(_ index: Int) { self.index = index }
}

/// What a model computes, once the types of its inputs are known: networks of layers that kernels run, and operators over tensors
/// between them where there is no kernel, in the order in which they run.
///
/// Of most convolutional networks there is one network and nothing else.
public struct ProgramPlan: Sendable {
  /// One step.
  public enum Step: Sendable {
    /// A network of layers on 32-bit floats. Each input is converted to those, each output to the type that the model says.
    case network(Graph, inputs: [Slot], outputs: [Output])
    /// An operator over tensors.
    case tensorOperator(OperatorStep)
    /// What can be planned only when earlier values are there, because their sizes depend on data.
    case rest(Subprogram, inputs: [Slot], outputs: [Slot])
  }

  /// A value that a network writes.
  public struct Output: Sendable {
    /// Where it goes.
    public let slot: Slot
    /// What the model says that its elements are.
    public let type: ElementType
    /// What real numbers the whole ones stand for, where the network computes with those; nil for a value of floats.
    public let quantization: Quantization?

    /// A value of that type.
    public init(_ slot: Slot, _ type: ElementType, quantization: Quantization? = nil) {
      self.slot = slot
      self.type = type
      self.quantization = quantization
    }

    /// What a network has written, as what the model says that it is.
    func converted(_ tensor: Tensor) -> TypedTensor {
      quantization?.wholeNumbers(of: tensor, as: type) ?? TypedTensor(tensor).converted(to: type)
    }
  }

  /// One use of an operator over tensors.
  public struct OperatorStep: Sendable {
    /// The node's name in the model.
    public let name: String
    /// Its definition.
    public let definition: TensorOperator
    /// The version of its domain that the model asks for.
    public let opset: Int
    /// Its attributes.
    public let attributes: OperatorAttributes
    /// The values that it reads; nil for those left out.
    public let inputs: [Slot?]
    /// The values that it writes; nil for those that nobody reads.
    public let outputs: [Slot?]
    /// Its graphs by the attributes' names, each with the values that it reads from outside after its own inputs.
    public let bodies: [String: (body: Subprogram, captures: [Slot])]

    /// A use of an operator.
    public init(
      name: String, definition: TensorOperator, opset: Int, attributes: OperatorAttributes, inputs: [Slot?],
      outputs: [Slot?], bodies: [String: (body: Subprogram, captures: [Slot])] = [:]
    ) {
      self.name = name
      self.definition = definition
      self.opset = opset
      self.attributes = attributes
      self.inputs = inputs
      self.outputs = outputs
      self.bodies = bodies
    }
  }

  /// The name of the model.
  public let name: String
  /// Where callers' values go, in order.
  public let inputs: [Slot]
  /// What callers' values are, in order.
  public let inputTypes: [TensorType]
  /// Where the results are, in order.
  public let outputs: [Slot]
  /// What the results are, in order; nil where that depends on data.
  public let outputTypes: [TensorType?]
  /// The values that never change.
  public let constants: [(slot: Slot, tensor: TypedTensor)]
  /// How many values there are.
  public let slotCount: Int
  /// The steps in their order.
  public let steps: [Step]

  /// A plan.
  public init(
    name: String, inputs: [Slot], inputTypes: [TensorType], outputs: [Slot], outputTypes: [TensorType?],
    constants: [(slot: Slot, tensor: TypedTensor)], slotCount: Int, steps: [Step]
  ) {
    self.name = name
    self.inputs = inputs
    self.inputTypes = inputTypes
    self.outputs = outputs
    self.outputTypes = outputTypes
    self.constants = constants
    self.slotCount = slotCount
    self.steps = steps
  }

  /// The networks of layers that are known before anything runs, in their order: what a tuner tunes.
  public var graphs: [Graph] {
    steps.compactMap { if case .network(let graph, _, _) = $0 { graph } else { nil } }
  }

  /// The model as one network of layers, which takes the callers' 32-bit floats and gives the results; nil when there is more to it.
  public var wholeGraph: Graph? {
    guard constants.isEmpty, steps.count == 1, case .network(let graph, let sources, let results) = steps[0],
      sources == inputs, inputTypes.allSatisfy({ $0.type == .f32 }), results.map(\.slot) == outputs,
      results.allSatisfy({ $0.type == .f32 })
    else { return nil }
    return graph
  }

  /// The steps that are not layers of a network, as `name (operator)`.
  public var operatorNames: [String] {
    steps.compactMap {
      switch $0 {
      case .network: nil
      case .tensorOperator(let step): "\(step.name) (\(step.definition.name))"
      case .rest: "what follows values whose sizes depend on data"
      }
    }
  }
}

/// A part of a model that is planned when the types of its inputs are known.
public struct Subprogram: Sendable {
  /// How many inputs of its own it has; the values that it reads from outside come after them.
  public let inputCount: Int
  let plan: @Sendable ([TensorType]) throws -> ProgramPlan

  /// A part of a model.
  public init(inputCount: Int, plan: @escaping @Sendable ([TensorType]) throws -> ProgramPlan) {
    self.inputCount = inputCount
    self.plan = plan
  }
}
