public import LayerKernels
public import Network
import TensorOperators

/// A plan whose networks are compiled: what runs a model on inputs of one set of types.
///
/// It never changes, so any number of threads may run it at the same time.
public final class ModelProgram: Sendable {
  /// Makes a network of layers ready to run.
  public typealias Compiler = @Sendable (Graph) throws -> CompiledNetwork

  private enum Step: Sendable {
    case network(CompiledNetwork, inputs: [Slot], outputs: [ProgramPlan.Output])
    case tensorOperator(ProgramPlan.OperatorStep, bodies: [String: (programs: ProgramCache, captures: [Slot])])
    case rest(ProgramCache, inputs: [Slot], outputs: [Slot])
  }

  /// The name of the model.
  public let name: String
  private let inputs: [Slot]
  private let outputs: [Slot]
  private let constants: [TypedTensor?]
  private let steps: [Step]
  /// For each step, the values that nobody reads after it.
  private let spent: [[Slot]]

  /// Compiles the networks of a plan.
  ///
  /// - Throws: what the compiler throws.
  public init(_ plan: consuming ProgramPlan, compiler: @escaping Compiler) throws {
    name = plan.name
    inputs = plan.inputs
    outputs = plan.outputs
    var constants = [TypedTensor?](repeating: nil, count: plan.slotCount)
    for constant in plan.constants { constants[constant.slot.index] = constant.tensor }
    self.constants = constants
    steps = try plan.steps.map { step in
      switch step {
      case .network(let graph, let inputs, let outputs):
        return .network(try compiler(graph), inputs: inputs, outputs: outputs)
      case .tensorOperator(let step):
        return .tensorOperator(
          step,
          bodies: step.bodies.mapValues {
            (ProgramCache(compiler: compiler, planner: $0.body.plan), $0.captures)
          })
      case .rest(let rest, let inputs, let outputs):
        return .rest(ProgramCache(compiler: compiler, planner: rest.plan), inputs: inputs, outputs: outputs)
      }
    }
    spent = Self.lastReads(plan.steps, kept: Set(plan.outputs).union(plan.constants.map(\.slot)))
  }

  /// The networks of layers that are known before anything runs.
  public var networks: [CompiledNetwork] {
    steps.compactMap { if case .network(let network, _, _) = $0 { network } else { nil } }
  }

  /// Runs the program once.
  ///
  /// - Throws: ``RunError/inputCount(expected:found:)``, ``ProgramError`` or what planning the rest throws.
  public func run(_ tensors: [TypedTensor]) throws -> [TypedTensor] { try run(tensors, timer: nil) }

  /// Runs the program, and its steps that a timer watches as the timer asks.
  func run(_ tensors: [TypedTensor], timer: StepTimer?) throws -> [TypedTensor] {
    guard tensors.count == inputs.count else {
      throw RunError.inputCount(expected: inputs.count, found: tensors.count)
    }
    var values = constants
    for (slot, tensor) in zip(inputs, tensors) { values[slot.index] = tensor }
    for (step, spent) in zip(steps, spent) {
      switch step {
      case .network(let network, let sources, let results):
        let floats = try sources.map { try Self.value($0, values).asFloats }
        let outcome = try network.run(floats)
        try timer?.add(network, floats)
        for (result, tensor) in zip(results, outcome) {
          values[result.slot.index] = result.converted(tensor)
        }
      case .tensorOperator(let step, let bodies):
        let start = timer?.now()
        try run(step, bodies, &values)
        if let start { timer?.add(step, since: start) }
      case .rest(let programs, let sources, let results):
        let tensors = try sources.map { try Self.value($0, values) }
        let outcome = try programs.program(for: tensors.map { TensorType($0) }).run(tensors, timer: timer)
        for (slot, tensor) in zip(results, outcome) { values[slot.index] = tensor }
      }
      for slot in spent { values[slot.index] = nil }
    }
    return try outputs.map { try Self.value($0, values) }
  }

  private func run(
    _ step: ProgramPlan.OperatorStep, _ bodies: [String: (programs: ProgramCache, captures: [Slot])],
    _ values: inout [TypedTensor?]
  ) throws {
    let call = OperatorCall(
      step.definition.name, opset: step.opset, attributes: step.attributes,
      inputs: try step.inputs.map { try $0.map { try Self.value($0, values) } },
      wantedOutputs: step.outputs.map { $0 != nil },
      bodies: try bodies.mapValues { body in
        let captured = try body.captures.map { try Self.value($0, values) }
        return { try body.programs.run($0 + captured) }
      })
    let outcome: [TypedTensor]
    do {
      outcome = try step.definition(call)
    } catch let error as ProgramError {
      throw error
    } catch {
      throw ProgramError(node: step.name, operatorName: step.definition.name, reason: "\(error)")
    }
    for (index, slot) in step.outputs.enumerated() {
      guard let slot else { continue }
      guard index < outcome.count else {
        throw ProgramError(
          node: step.name, operatorName: step.definition.name, reason: "its output \(index) is not computed")
      }
      values[slot.index] = outcome[index]
    }
  }

  private static func value(_ slot: Slot, _ values: [TypedTensor?]) throws -> TypedTensor {
    guard let value = values[slot.index] else {
      throw ProgramError(node: "\(slot.index)", operatorName: "value", reason: "it is read before it is written")
    }
    return value
  }

  private static func lastReads(_ steps: [ProgramPlan.Step], kept: Set<Slot>) -> [[Slot]] {
    var seen = kept
    var spent = [[Slot]](repeating: [], count: steps.count)
    for index in steps.indices.reversed() {
      for slot in steps[index].reads where seen.insert(slot).inserted { spent[index].append(slot) }
    }
    return spent
  }
}

extension ProgramPlan.Step {
  fileprivate var reads: [Slot] {
    switch self {
    case .network(_, let inputs, _): inputs
    case .tensorOperator(let step): step.inputs.compactMap { $0 } + step.bodies.values.flatMap(\.captures)
    case .rest(_, let inputs, _): inputs
    }
  }
}

/// Why a step of a program could not be computed.
public struct ProgramError: Error, Equatable, CustomStringConvertible {
  /// The node's name in the model.
  public let node: String
  /// The node's operator.
  public let operatorName: String
  /// What does not fit.
  public let reason: String

  /// An error of a node.
  public init(node: String, operatorName: String, reason: String) {
    self.node = node
    self.operatorName = operatorName
    self.reason = reason
  }

  /// One line that names the node.
  public var description: String { "node '\(node)' (\(operatorName)): \(reason)".asSingleLine }
}
