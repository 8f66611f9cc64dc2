import LayerKernels
import ModelExecution
import Network
import TensorOperators

/// Turns nodes into a program, once the types of the values that they read from outside are known.
///
/// Constants are folded as they come. Where kernels can do a node it becomes layers and movements of the graph in hand. Where
/// they cannot, the graph is closed and the node becomes a step of its own; layers after it begin another graph. Nodes that read
/// what nobody knows the size of yet are left to the rest, which is planned while the program runs.
struct ModelPlanner {
  var importer: GraphImporter
  var waiting = NodeQueue()
  private var steps: [ProgramPlan.Step] = []
  private var constants: [(slot: Slot, tensor: TypedTensor)] = []
  private var slotCount = 0
  private var graphCount = 0
  /// Nodes that are no layers and wait for the graph in hand to be closed.
  private var deferred: [Deferred] = []
  /// Nodes that read values of unknown size, and those values.
  private var late: [ScopedNode] = []
  var lateNames: Set<String> = []
  var inlineCount = 0
  /// What becomes of each node, where somebody asks.
  private var ledger: PlanningLedger?

  private let scope: ModelScope
  let outputs: [String]
  private let inputs: [Slot]
  private let inputTypes: [TensorType]

  /// A value of a graph as what the model says that its elements are.
  private struct Written: Hashable {
    let value: ValueID
    let type: ElementType
    let quantization: Quantization?
  }

  /// A node with the operator that computes it where no kernel does.
  private struct Deferred {
    let node: ScopedNode
    let definition: TensorOperator
  }

  /// A planner of some nodes.
  ///
  /// - Parameters:
  ///   - nodes: the nodes, in any order.
  ///   - inputs: the values that come from outside, in order.
  ///   - constants: the values that are known already.
  ///   - outputs: the names of the results, in order.
  ///   - unknown: the values that come from outside whose types nobody knows; only ``inspect()`` can do with such.
  /// - Throws: ``ONNXError`` when the nodes are no graph.
  init(
    _ nodes: [ScopedNode], scope: ModelScope, inputs: [(name: String, type: TensorType)],
    constants: [String: TypedTensor], outputs: [String], unknown: Set<String> = []
  ) throws {
    self.scope = scope
    self.outputs = outputs
    importer = GraphImporter(name: scope.name, opset: scope.opset(of: ""), constants: constants)
    slotCount = inputs.count
    self.inputs = inputs.indices.map { Slot($0) }
    inputTypes = inputs.map(\.type)
    for (index, input) in inputs.enumerated() where constants[input.name] == nil {
      importer.values[input.name] = ImportedValue(slot: Slot(index), input.type)
      // Of a model that is one graph, callers' inputs are the graph's, in their order, whether somebody reads them or not.
      if input.type.type == .f32 {
        _ = try importer.graphInput(Slot(index), input.type, name: input.name)
      }
    }
    lateNames = unknown
    waiting.read(outputs)
    try waiting.add(
      nodes, outputs: outputs, known: { [values = importer.values] in values[$0] != nil || unknown.contains($0) })
  }

  /// The whole program.
  ///
  /// - Throws: ``ONNXError`` that names the node.
  mutating func plan() throws -> ProgramPlan {
    while true {
      while let node = waiting.next() {
        if try take(node) { waiting.finished(node) }
      }
      if deferred.isEmpty { break }
      try closeGraph()
      let now = deferred
      deferred = []
      for entry in now {
        try addStep(entry)
        waiting.finished(entry.node)
      }
    }
    try waiting.checkDone()
    return try finish()
  }

  /// Plans as far as it goes: what a refused node writes is unknown to those after it.
  ///
  /// - Returns: what becomes of each node, and everything that is refused.
  mutating func inspect() -> PlanningLedger {
    ledger = PlanningLedger()
    while true {
      while let node = waiting.next() {
        do {
          if try take(node) { waiting.finished(node) }
        } catch { refuse(node, error) }
      }
      if deferred.isEmpty { break }
      let now = deferred
      deferred = []
      do { try closeGraph() } catch { ledger?.refuse("", "graph", "\(error)") }
      for entry in now {
        do {
          try addStep(entry)
          waiting.finished(entry.node)
        } catch { refuse(entry.node, error) }
      }
    }
    do { try waiting.checkDone() } catch { ledger?.refuse("", "graph", "\(error)") }
    for node in waiting.stuck { ledger?.noteLate(node) }
    for node in late { ledger?.noteLate(node) }
    return ledger ?? PlanningLedger()
  }

  private mutating func refuse(_ scoped: ScopedNode, _ error: any Error) {
    ledger?.refuse(scoped, error)
    for name in scoped.message.output where !name.isEmpty {
      lateNames.insert(name)
      waiting.wrote(name)
    }
  }

  // MARK: One node

  /// Does what can be done with a node now; false where it will read its values later.
  private mutating func take(_ scoped: ScopedNode) throws -> Bool {
    let message = scoped.message
    let read = message.readNames
    if read.contains(where: { lateNames.contains($0) }) {
      leaveToRest(scoped)
      return false
    }
    if let function = scoped.scope.function(for: message) {
      try inline(
        Inlining(function, calledBy: message, prefix: inlinePrefix(message)), of: scoped,
        scope: scoped.scope.within(function))
      return true
    }
    if let parts = try expanded(message) {
      ledger?.note(scoped, .layer)
      try inline(parts, of: scoped, scope: scoped.scope, isParts: true)
      return true
    }
    let node = node(of: scoped)
    if try takeBranch(scoped, node) { return true }
    let definition = TensorOperatorRegistry.standard.definition(
      domain: message.domain, name: message.opType, opset: node.opset)
    if let known = try folded(node, definition, read: read) {
      ledger?.note(scoped, .constant)
      define(node, known)
      return true
    }
    let failure: (any Error)?
    switch attemptLayer(node, domain: message.domain) {
    case .success(let values?):
      ledger?.note(scoped, .layer)
      define(node, values)
      return true
    case .success(nil): failure = nil
    case .failure(let error): failure = error
    }
    guard let definition else { throw failure ?? node.unknown(domain: message.domain) }
    let entry = Deferred(node: scoped, definition: definition)
    // What reads nothing of the graph in hand can run before it.
    guard read.contains(where: { importer.values[$0]?.activation != nil }) else {
      try addStep(entry)
      return true
    }
    deferred.append(entry)
    return false
  }

  /// The node with its attributes; outputs that nobody reads have no names.
  private func node(of scoped: ScopedNode) -> ONNXNode {
    let message = scoped.message
    return ONNXNode(
      message, opset: scoped.scope.opset(of: message.domain),
      unread: Set(message.output.filter { !waiting.isRead($0) }))
  }

  /// The results of a node whose operands are all known; nil where it has to be computed at run time.
  private mutating func folded(
    _ node: ONNXNode, _ definition: TensorOperator?, read: [String]
  ) throws -> [ImportedValue]? {
    // Sizes are known before elements are.
    if node.operatorName == "Shape" || node.operatorName == "Size", let value = importer.input(0, of: node) {
      return try shapeConstant(node, value.shape)
    }
    guard let definition, definition.isDeterministic, !node.hasBodies,
      read.allSatisfy({ importer.values[$0]?.constant != nil })
    else { return nil }
    let operands = node.inputs.map { $0.isEmpty ? nil : importer.values[$0]?.constant }
    do {
      let attributes = try node.operatorAttributes()
      let types = try definition.outputTypes(
        OperatorTypes(
          opset: node.opset, attributes: attributes, inputs: operands.map { $0.map { TensorType($0) } },
          constants: operands, outputCount: node.outputs.count))
      try importer.reserve((types ?? []).reduce(0) { $0 + $1.shape.elementCount }, for: node)
      let results = try definition(
        OperatorCall(
          node.operatorName, opset: node.opset, attributes: attributes, inputs: operands,
          wantedOutputs: node.outputs.map { !$0.isEmpty }))
      if types == nil { try importer.reserve(results.reduce(0) { $0 + $1.shape.elementCount }, for: node) }
      return results.map { ImportedValue(constant: $0) }
    } catch let error as ONNXError {
      throw error
    } catch { throw node.error("\(error)") }
  }

  private func shapeConstant(_ node: ONNXNode, _ shape: TensorShape) throws -> [ImportedValue] {
    if node.operatorName == "Size" {
      return [ImportedValue(constant: try TypedTensor(.s64, shape: .scalar, integers: [shape.elementCount]))]
    }
    let sizes = shape.dimensions
    func position(_ attribute: String, _ whole: Int) -> Int {
      guard let position = node.integer(attribute) else { return whole }
      return min(max(position < 0 ? position + sizes.count : position, 0), sizes.count)
    }
    let start = position("start", 0)
    let end = max(position("end", sizes.count), start)
    return [ImportedValue(constant: try TypedTensor(integers: Array(sizes[start..<end])))]
  }

  /// The node as layers of the graph in hand; nil when nobody knows it as such, and a failure where it is of no form that kernels do.
  private mutating func attemptLayer(_ node: ONNXNode, domain: String) -> Result<[ImportedValue]?, any Error> {
    guard let layer = scope.operators.importer(domain: domain, operatorName: node.operatorName) else {
      return .success(nil)
    }
    let operands = node.inputs.compactMap { importer.values[$0] }
    let moving = operands.filter { $0.constant == nil }
    // What a 64-bit float holds has neither the range nor the precision of a layer's elements.
    let quantization = moving.first?.quantization
    let isSelection =
      quantization != nil && ONNXOperatorRegistry.selectingOperators.contains(node.operatorName)
      && moving.allSatisfy { $0.quantization == quantization && $0.type == moving[0].type }
      && (node.operatorName != "Concat" || moving.count == operands.count)
    guard
      isSelection || node.operatorName == "DequantizeLinear"
        || moving.allSatisfy({ $0.type.isFloat && $0.type != .f64 })
    else {
      return .failure(node.unsupported("no layer computes on elements that are no floats of 32 bits or fewer"))
    }
    let mark = importer.mark()
    do {
      let values = try layer(node, &importer)
      guard node.outputs.dropFirst(values.count).allSatisfy({ $0.isEmpty }) else {
        throw node.unsupported("its output '\(node.outputs[values.count])' is not computed")
      }
      let type = moving.first?.type ?? operands.first?.type ?? .f32
      if isSelection, let quantization { return .success(values.map { $0.quantized(quantization, as: type) }) }
      // These say themselves what their results are.
      guard !["Cast", "QuantizeLinear", "DequantizeLinear"].contains(node.operatorName) else {
        return .success(values)
      }
      return .success(values.map { $0.declared(type.isFloat ? type : .f32) })
    } catch {
      importer.goBack(to: mark)
      // Sizes that do not fit together show in the problem's, the graph's or the shape's own words.
      return .failure(error is ONNXError ? error : node.error("\(error)"))
    }
  }

  // MARK: Steps

  private mutating func leaveToRest(_ scoped: ScopedNode) {
    late.append(scoped)
    // It reads its values when the rest is planned.
    for name in scoped.message.output where !name.isEmpty {
      lateNames.insert(name)
      waiting.wrote(name)
    }
  }

  private mutating func define(_ node: ONNXNode, _ results: [ImportedValue]) {
    for (name, value) in zip(node.outputs, results) where !name.isEmpty { importer.values[name] = value }
    for name in node.outputs where !name.isEmpty { waiting.wrote(name) }
  }

  private mutating func newSlot() -> Slot {
    slotCount += 1
    return Slot(slotCount - 1)
  }

  /// The place of a value that a step reads, which is not in the graph in hand.
  private mutating func slot(of name: String) throws -> Slot {
    guard let value = importer.values[name] else {
      throw ONNXError.graph(reason: "value '\(name)' is read before it is written")
    }
    switch value.place {
    case .slot(let slot): return slot
    case .constant(let tensor):
      let slot = newSlot()
      constants.append((slot, tensor))
      return slot
    case .graph: throw ONNXError.graph(reason: "value '\(name)' is read before its graph has run")
    }
  }

  private mutating func addStep(_ entry: Deferred) throws {
    let message = entry.node.message
    let node = node(of: entry.node)
    let attributes = try node.operatorAttributes()
    let operands = node.inputs.map { $0.isEmpty ? nil : importer.values[$0] }
    let types: [TensorType]?
    do {
      types = try entry.definition.outputTypes(
        OperatorTypes(
          opset: node.opset, attributes: attributes, inputs: operands.map { $0?.tensorType },
          constants: operands.map { $0?.constant }, outputCount: node.outputs.count))
    } catch { throw node.error("\(error)") }
    let inputs = try node.inputs.map { $0.isEmpty ? nil : try slot(of: $0) }
    let bodies = try Dictionary(
      uniqueKeysWithValues: message.bodies.map { name, graph in (name, try body(graph, of: entry.node)) })
    var slots: [Slot?] = []
    for (index, name) in node.outputs.enumerated() {
      guard !name.isEmpty else {
        slots.append(nil)
        continue
      }
      let slot = newSlot()
      slots.append(slot)
      if let types {
        guard index < types.count else { throw node.unsupported("its output '\(name)' is not computed") }
        importer.values[name] = ImportedValue(slot: slot, types[index])
      } else {
        lateNames.insert(name)
        unsized[name] = slot
      }
    }
    steps.append(
      .tensorOperator(
        ProgramPlan.OperatorStep(
          name: node.name, definition: entry.definition, opset: node.opset, attributes: attributes, inputs: inputs,
          outputs: slots, bodies: bodies)))
    ledger?.note(entry.node, .tensorOperator)
    for name in message.output { waiting.wrote(name) }
  }

  /// Values whose sizes are known only when their step has run.
  private var unsized: [String: Slot] = [:]

  /// A graph of a node: what it reads from outside comes after its own inputs, but for constants, which it has.
  private mutating func body(
    _ graph: Onnx_GraphProto, of scoped: ScopedNode
  ) throws -> (body: Subprogram, captures: [Slot]) {
    var known: [String: TypedTensor] = [:]
    var captured: [String] = []
    var slots: [Slot] = []
    for name in graph.outerNames {
      if let constant = importer.values[name]?.constant {
        known[name] = constant
      } else {
        captured.append(name)
        slots.append(try slot(of: name))
      }
    }
    for tensor in graph.initializer { known[tensor.name] = try TypedTensor(tensor) }
    let names = graph.input.map(\.name) + captured
    let nodes = graph.node.map { ScopedNode($0, scope: scoped.scope, depth: scoped.depth) }
    let results = graph.output.map(\.name)
    let program = Subprogram(inputCount: graph.input.count) { [known, scope = scoped.scope] types in
      guard types.count == names.count else {
        throw ONNXError.graph(
          reason: "a graph of '\(scoped.message.name)' has \(names.count) inputs, not \(types.count)")
      }
      var planner = try ModelPlanner(
        nodes, scope: scope, inputs: Array(zip(names, types)).map { (name: $0, type: $1) }, constants: known,
        outputs: results)
      return try planner.plan()
    }
    return (program, slots)
  }

  /// Gives every value of the graph in hand that somebody still reads a place of its own, and begins another graph.
  private mutating func closeGraph(results: [String] = []) throws {
    defer {
      graphCount += 1
      importer.beginGraph(name: "\(scope.name)#\(graphCount + 1)")
    }
    let inside = importer.values.filter { $0.value.activation != nil }
    var slots: [Written: Slot] = [:]
    for (value, input) in zip(importer.graph.inputs, importer.graphInputs) {
      slots[Written(value: value, type: input.type, quantization: nil)] = input.slot
    }
    var written: [ProgramPlan.Output] = []
    // Results first, in their order, so that those of a model that is one graph are the graph's.
    let read = inside.keys.filter { waiting.isRead($0) && !results.contains($0) }
      .sorted { left, right in
        guard let a = inside[left]?.activation, let b = inside[right]?.activation, a != b else { return left < right }
        return a < b
      }
    for name in results + read {
      guard let value = inside[name], let id = value.activation else { continue }
      let key = Written(value: id, type: value.type, quantization: value.quantization)
      if let slot = slots[key], !results.contains(name) {
        importer.values[name] = ImportedValue(slot: slot, value.tensorType)
        continue
      }
      let slot = newSlot()
      // An input that is handed through, or a value that is an output already, keeps its name.
      if !importer.graph.inputs.contains(id), !importer.graph.outputs.contains(id) {
        importer.graph.rename(id, to: name)
      }
      slots[key] = slot
      importer.graph.addOutput(id)
      written.append(ProgramPlan.Output(slot, value.type, quantization: value.quantization))
      importer.values[name] = ImportedValue(slot: slot, value.tensorType)
    }
    guard !written.isEmpty else { return }
    steps.append(.network(importer.graph, inputs: importer.graphInputs.map(\.slot), outputs: written))
  }

  private mutating func finish() throws -> ProgramPlan {
    for name in outputs where importer.values[name] == nil && !lateNames.contains(name) {
      throw ONNXError.graph(reason: "output '\(name)' is written by no node")
    }
    try closeGraph(results: outputs)
    if !late.isEmpty { try addRest() }
    let results = try outputs.map { name in
      if let slot = unsized[name] { return slot }
      return try slot(of: name)
    }
    return ProgramPlan(
      name: scope.name, inputs: inputs, inputTypes: inputTypes, outputs: results,
      outputTypes: outputs.map { name in importer.values[name].map { TensorType($0.type, $0.shape) } },
      constants: constants, slotCount: slotCount, steps: steps)
  }

  private mutating func addRest() throws {
    var known: [String: TypedTensor] = [:]
    var captured: [String] = []
    var slots: [Slot] = []
    var seen: Set<String> = []
    let written = Set(late.flatMap { $0.message.output })
    for name in late.flatMap({ $0.message.readNames }) where !written.contains(name) && seen.insert(name).inserted {
      if let constant = importer.values[name]?.constant {
        known[name] = constant
      } else {
        captured.append(name)
        slots.append(try unsized[name] ?? slot(of: name))
      }
    }
    let results = outputs.filter { written.contains($0) }
    var uniqueResults: [String] = []
    for name in results where !uniqueResults.contains(name) { uniqueResults.append(name) }
    let places = uniqueResults.map { _ in newSlot() }
    for (name, slot) in zip(uniqueResults, places) { unsized[name] = slot }
    guard !uniqueResults.isEmpty else { return }
    let rest = Subprogram(inputCount: 0) { [scope, late, captured, known, uniqueResults] types in
      var planner = try ModelPlanner(
        late, scope: scope, inputs: Array(zip(captured, types)).map { (name: $0, type: $1) }, constants: known,
        outputs: uniqueResults)
      return try planner.plan()
    }
    steps.append(.rest(rest, inputs: slots, outputs: places))
  }
}
