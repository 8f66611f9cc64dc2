import LayerKernels

/// Recurrent networks.
extension TensorOperatorRegistry {
  mutating func registerRecurrence() {
    for kind in [RecurrentKind.simple, .gatedUnit, .longShortTerm] {
      register(
        kind.rawValue,
        types: { types in
          let (input, weights, recurrence) = (try types.required(0), try types.required(1), try types.required(2))
          return try RecurrentSizes(kind, input.shape, weights.shape, recurrence.shape, types.attributes).types(
            input.type)
        },
        evaluate: { call in
          let operands = RecurrentOperands(
            input: try call.required(0), weights: try call.required(1), recurrence: try call.required(2),
            bias: call.input(3), lengths: call.input(4), hidden: call.input(5),
            cell: kind == .longShortTerm ? call.input(6) : nil, peepholes: kind == .longShortTerm ? call.input(7) : nil)
          return try operands.evaluate(kind, call.attributes)
        })
    }
  }
}

/// The operands of a recurrent network.
struct RecurrentOperands {
  var input: TypedTensor
  var weights: TypedTensor
  var recurrence: TypedTensor
  var bias: TypedTensor?
  var lengths: TypedTensor?
  var hidden: TypedTensor?
  var cell: TypedTensor?
  var peepholes: TypedTensor?

  /// Runs the network.
  func evaluate(_ kind: RecurrentKind, _ attributes: OperatorAttributes) throws -> [TypedTensor] {
    let type = try FloatOperands.commonType([input, weights, recurrence, bias, hidden, cell, peepholes])
    let sizes = try RecurrentSizes(kind, input.shape, weights.shape, recurrence.shape, attributes)
    return type == .f32
      ? try evaluate(sizes, attributes, as: Float.self) : try evaluate(sizes, attributes, as: Double.self)
  }

  private func evaluate<Number: ProductNumber>(
    _ sizes: RecurrentSizes, _ attributes: OperatorAttributes, as _: Number.Type
  ) throws -> [TypedTensor] {
    let directions = sizes.reversed.count
    func numbers(_ tensor: TypedTensor?, _ name: String, _ shape: [Int]) throws -> [Number]? {
      guard let tensor else { return nil }
      guard tensor.shape.dimensions == shape else {
        throw OperatorError("\(name) \(tensor.shape) should be \(try TensorShape(shape))")
      }
      return tensor.numbers(as: Number.self)
    }
    let state = try sizes.state()
    var output = RecurrentOutput<Number>(
      all: [Number](repeating: 0, count: try sizes.sequence().elementCount),
      hidden: try numbers(hidden, "initial_h", state.dimensions) ?? [Number](repeating: 0, count: state.elementCount),
      cell: try numbers(cell, "initial_c", state.dimensions) ?? [Number](repeating: 0, count: state.elementCount))
    let bias = try numbers(bias, "bias", [directions, 2 * sizes.gateCount])
    let peepholes = try numbers(peepholes, "peepholes", [directions, 3 * sizes.hidden])
    let lengths = try lengths(sizes)
    let functions = try functions(sizes, attributes)
    let (rows, gates) = (sizes.steps * sizes.batch, sizes.gateCount)
    for direction in 0..<directions {
      // What the input adds to the gates of all steps, in one product.
      var fromInput = [Number](repeating: 0, count: rows * gates)
      let cell = RecurrentCell(
        sizes, functions[direction], attributes,
        bias: bias.map { Array($0[direction * 2 * gates..<(direction + 1) * 2 * gates]) },
        peepholes: peepholes.map { Array($0[direction * 3 * sizes.hidden..<(direction + 1) * 3 * sizes.hidden]) })
      let turned = weights.widened.withElements(as: Number.self) {
        [Number].transposing($0, offset: direction * gates * sizes.inputs, rows: gates, columns: sizes.inputs)
      }
      input.widened.withElements(as: Number.self) { input in
        turned.withUnsafeBufferPointer { turned in
          fromInput.withUnsafeMutableBufferPointer {
            FloatProducts.add(
              Matrix(input, rows: rows, columns: sizes.inputs),
              times: Matrix(turned, rows: sizes.inputs, columns: gates),
              to: MutableMatrix($0, rows: rows, columns: gates))
          }
        }
      }
      let recurrence = recurrence.widened.withElements(as: Number.self) {
        [Number].transposing($0, offset: direction * gates * sizes.hidden, rows: gates, columns: sizes.hidden)
      }
      cell.run(direction: direction, lengths: lengths, fromInput: fromInput, recurrence: recurrence, output: &output)
    }
    let tensors = [(output.all, try sizes.sequence()), (output.hidden, state), (output.cell, state)]
    return try tensors.prefix(sizes.kind == .longShortTerm ? 3 : 2).map {
      try TypedTensor(shape: $0.1, elements: $0.0).converted(to: input.type)
    }
  }

  /// How many steps each image has.
  private func lengths(_ sizes: RecurrentSizes) throws -> [Int] {
    guard let lengths else { return [Int](repeating: sizes.steps, count: sizes.batch) }
    let values = lengths.integers
    guard values.count == sizes.batch, values.allSatisfy({ (0...sizes.steps).contains($0) }) else {
      throw OperatorError("sequence_lens \(values) do not fit \(sizes.batch) sequences of \(sizes.steps) steps")
    }
    return values
  }

  /// The functions of each direction.
  private func functions(_ sizes: RecurrentSizes, _ attributes: OperatorAttributes) throws -> [[ScalarActivation]] {
    let (count, directions) = (sizes.kind.activations.count, sizes.reversed.count)
    var names = attributes.texts("activations") ?? []
    if names.isEmpty { names = sizes.kind.activations }
    if names.count == count { names = Array(repeating: names, count: directions).flatMap { $0 } }
    guard names.count >= count * directions else {
      throw OperatorError("activations \(names) are not \(count) for each direction")
    }
    let all = try ScalarActivation.list(
      names, alpha: attributes.floats("activation_alpha") ?? [], beta: attributes.floats("activation_beta") ?? [])
    return (0..<directions).map { Array(all[$0 * count..<($0 + 1) * count]) }
  }
}

/// What a recurrent network gives; the states are the initial ones first.
struct RecurrentOutput<Number: ProductNumber> {
  var all: [Number]
  var hidden: [Number]
  var cell: [Number]
}
