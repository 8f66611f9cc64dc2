import LayerKernels

/// Operators that run graphs of their own: a branch, a loop, a loop over slices.
extension TensorOperatorRegistry {
  mutating func registerControlFlow() {
    register("If") { call in
      let condition = try call.required(0)
      guard condition.type == .bool, condition.shape.elementCount == 1 else {
        throw OperatorError("the condition is \(TensorType(condition)) instead of one truth value")
      }
      return try call.body(condition.truths[0] ? "then_branch" : "else_branch")([])
    }
    register("Loop", evaluate: ControlFlow.loop)
    register("Scan", evaluate: ControlFlow.scan)
  }
}

private enum ControlFlow {
  /// The most trips of a loop without a number of trips of its own.
  static let tripLimit = 1 << 24

  @Sendable static func loop(_ call: OperatorCall) throws -> [TypedTensor] {
    let body = try call.body("body")
    let trips = try call.known.number(0)
    var isGoingOn = true
    if let condition = call.input(1) {
      guard condition.type == .bool, condition.shape.elementCount == 1 else {
        throw OperatorError("the condition is \(TensorType(condition)) instead of one truth value")
      }
      isGoingOn = condition.truths[0]
    }
    var carried = try call.inputs.indices.dropFirst(2).map { try call.required($0) }
    guard call.wantedOutputs.count >= carried.count else {
      throw OperatorError("it has \(call.wantedOutputs.count) outputs for \(carried.count) values that it carries")
    }
    let scanned = call.wantedOutputs.count - carried.count
    var slices = [[TypedTensor]](repeating: [], count: scanned)
    var trip = 0
    while isGoingOn, trips.map({ trip < $0 }) ?? true {
      guard trip < tripLimit else { throw OperatorError("it has not ended after \(tripLimit) trips") }
      let results = try body([TypedTensor(scalar: Int64(trip)), TypedTensor(scalar: isGoingOn)] + carried)
      guard results.count == 1 + carried.count + scanned, let condition = results.first else {
        throw OperatorError("its graph gives \(results.count) values instead of \(1 + carried.count + scanned)")
      }
      guard condition.shape.elementCount == 1 else {
        throw OperatorError("its graph's condition is \(condition.shape)")
      }
      isGoingOn = condition.truths[0]
      carried = Array(results[1..<1 + carried.count])
      for index in 0..<scanned { slices[index].append(results[1 + carried.count + index]) }
      trip += 1
    }
    return try carried + slices.map { try stacked($0, axis: 0) }
  }

  /// Tensors of one shape along a new axis; without any, an empty list of 32-bit floats, because no type is known.
  static func stacked(_ slices: [TypedTensor], axis given: Int) throws -> TypedTensor {
    guard let first = slices.first else { return TypedTensor(.f32, shape: try TensorShape([0])) }
    for slice in slices where slice.type != first.type || slice.shape != first.shape {
      throw OperatorError("trips give \(TensorType(first)) and \(TensorType(slice)), which cannot be stacked")
    }
    let axis = try given.axis(rank: first.shape.rank + 1)
    let sizes = first.shape.dimensions
    var result = TypedTensor(
      first.type, shape: try TensorShape(sizes[..<axis] + [slices.count] + sizes[axis...]))
    let run = sizes[axis...].product
    for block in 0..<sizes[..<axis].product {
      for (index, slice) in slices.enumerated() {
        result.copyRun(run, from: slice, at: block * run, to: (block * slices.count + index) * run)
      }
    }
    return result
  }

  /// One step along an axis, without that axis.
  static func slice(_ tensor: TypedTensor, axis: Int, at index: Int) throws -> TypedTensor {
    var (sizes, strides) = (tensor.shape.dimensions, tensor.shape.strides)
    let start = index * strides[axis]
    sizes.remove(at: axis)
    strides.remove(at: axis)
    return tensor.strided(try TensorShape(sizes), strides, start: start)
  }

  @Sendable static func scan(_ call: OperatorCall) throws -> [TypedTensor] {
    let operands = try call.inputs.indices.dropFirst(call.opset < 9 ? 1 : 0).map { try call.required($0) }
    guard let scannedCount = call.attributes.integer("num_scan_inputs"),
      (1...max(operands.count, 1)).contains(scannedCount),
      operands.count >= scannedCount, call.wantedOutputs.count >= operands.count - scannedCount
    else { throw OperatorError("num_scan_inputs does not fit \(operands.count) inputs") }
    let stateCount = operands.count - scannedCount
    let outputCount = call.wantedOutputs.count - stateCount
    func list(_ name: String, _ count: Int) throws -> [Int] {
      let list = call.attributes.integers(name) ?? [Int](repeating: 0, count: count)
      guard list.count == count else { throw OperatorError("\(name) has \(list.count) entries instead of \(count)") }
      return list
    }
    guard call.opset < 9 else {
      let plan = ScanPlan(
        axes: try list("scan_input_axes", scannedCount), directions: try list("scan_input_directions", scannedCount),
        outputAxes: try list("scan_output_axes", outputCount),
        outputDirections: try list("scan_output_directions", outputCount), length: nil)
      return try plan.run(
        Array(operands.prefix(stateCount)), Array(operands.suffix(scannedCount)), call.body("body"))
    }
    // Version 8 runs once for each of a batch, whose sequences may end early.
    let directions = try list("directions", scannedCount)
    guard let batch = operands.last?.shape.dimensions.first,
      operands.allSatisfy({ $0.shape.dimensions.first == batch })
    else { throw OperatorError("its inputs are not of one batch") }
    let lengths = try call.known.numbers(0)
    guard lengths.map({ $0.count == batch }) ?? true else { throw OperatorError("the lengths do not fit \(batch)") }
    var results = [[TypedTensor]](repeating: [], count: stateCount + outputCount)
    var longest = 0
    for item in 0..<batch {
      let operands = try operands.map { try slice($0, axis: 0, at: item) }
      let plan = ScanPlan(
        axes: [Int](repeating: 0, count: scannedCount), directions: directions,
        outputAxes: [Int](repeating: 0, count: outputCount), outputDirections: [Int](repeating: 0, count: outputCount),
        length: lengths?[item])
      longest = max(longest, operands.last?.shape.dimensions.first ?? 0)
      let found = try plan.run(
        Array(operands.prefix(stateCount)), Array(operands.suffix(scannedCount)), call.body("body"))
      for (index, tensor) in found.enumerated() { results[index].append(tensor) }
    }
    return try results.enumerated().map { index, tensors in
      try stacked(index < stateCount ? tensors : tensors.map { try padded($0, to: longest) }, axis: 0)
    }
  }

  /// A sequence with zeros after its end.
  private static func padded(_ tensor: TypedTensor, to length: Int) throws -> TypedTensor {
    guard let own = tensor.shape.dimensions.first, own < length, own > 0 else { return tensor }
    var result = TypedTensor(tensor.type, shape: try TensorShape([length] + tensor.shape.dimensions.dropFirst()))
    result.copyRun(tensor.shape.elementCount, from: tensor, at: 0, to: 0)
    return result
  }

  private struct ScanPlan {
    var axes: [Int]
    var directions: [Int]
    var outputAxes: [Int]
    var outputDirections: [Int]
    var length: Int?

    func run(_ initial: [TypedTensor], _ sequences: [TypedTensor], _ body: OperatorCall.Body) throws -> [TypedTensor] {
      let axes = try zip(axes, sequences).map { try $0.axis(rank: $1.shape.rank) }
      let sizes = zip(axes, sequences).map { $1.shape[$0] }
      guard let size = sizes.first, sizes.allSatisfy({ $0 == size }), (0...size).contains(length ?? size) else {
        throw OperatorError("sequences of \(sizes) steps do not fit together")
      }
      var states = initial
      var slices = [[TypedTensor]](repeating: [], count: outputAxes.count)
      let steps = length ?? size
      for step in 0..<steps {
        let parts = try sequences.indices.map { index in
          try ControlFlow.slice(
            sequences[index], axis: axes[index], at: directions[index] == 0 ? step : steps - 1 - step)
        }
        let results = try body(states + parts)
        guard results.count == states.count + slices.count else {
          throw OperatorError("its graph gives \(results.count) values instead of \(states.count + slices.count)")
        }
        states = Array(results.prefix(states.count))
        for index in slices.indices { slices[index].append(results[states.count + index]) }
      }
      return try states
        + slices.indices.map { index in
          try ControlFlow.stacked(
            outputDirections[index] == 0 ? slices[index] : slices[index].reversed(), axis: outputAxes[index])
        }
    }
  }
}
