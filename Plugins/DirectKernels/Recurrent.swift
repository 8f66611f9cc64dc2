import LayerKernels
import MicroKernels

/// Recurrent networks: one product for what the inputs of all steps add, then step by step a product with packed weights whose
/// panels hold all gates of some units, so that whoever has a panel computes those units' next state.
///
/// Configuration: `u`, how many vectors of units share a panel.
public struct Recurrent: LayerKernel {
  /// `direct.recurrent`
  public let identifier: KernelIdentifier = "direct.recurrent"
  /// The first.
  public let version = 1
  private let set: MicroKernelSet

  /// The kernel on an instruction set.
  public init(_ set: MicroKernelSet) { self.set = set }

  /// Where there are tiles of all gates side by side.
  public func applicability(to problem: RecurrentProblem) -> Applicability {
    choices(problem).isEmpty ? .refused("there is no tile of \(problem.kind.gates) vectors here") : .applies
  }

  /// Weights come from memory in each step.
  public func expectedEfficiency(for problem: RecurrentProblem) -> Double { 0.3 }

  /// Panels as wide as tiles can be first.
  public func configurations(for problem: RecurrentProblem) -> [KernelConfiguration] {
    choices(problem).reversed().map { ["u": $0] }
  }

  /// Numbers of vectors of units whose gates fill a tile, and that divide all.
  private func choices(_ problem: RecurrentProblem) -> [Int] {
    let blocks = RecurrentOrder(problem, lanes: set.channelTiles.lanes).blocks
    return [1, 2, 4, 8].filter { units in
      blocks % units == 0
        && Self.products(problem.kind).allSatisfy {
          $0 * units <= ChannelTileTable.maximumVectors && set.channelTiles.maximumRows(vectors: $0 * units) > 0
        }
    }
  }

  /// The gates of each product of a step.
  static func products(_ kind: RecurrentProblem.Kind) -> [Int] { kind == .gatedUnit ? [2, 1] : [kind.gates] }

  /// Packs the weights with the gates of a vector of units side by side.
  ///
  /// - Throws: ``KernelError`` when the kernel does not apply or the configuration is none of its.
  public func prepare(
    _ problem: RecurrentProblem, configuration: KernelConfiguration, parameters: RecurrentParameters
  ) throws -> any PreparedKernel {
    if case .refused(let reason) = applicability(to: problem) {
      throw KernelError.notApplicable(kernel: identifier, problem: problem.key, reason: reason)
    }
    let units = try configuration.value("u", in: 1...ChannelTileTable.maximumVectors, of: identifier)
    guard choices(problem).contains(units) else {
      throw KernelError.invalidConfiguration(
        kernel: identifier, configuration: configuration, reason: "its units fill no tile, or do not divide all")
    }
    let order = RecurrentOrder(problem, lanes: set.channelTiles.lanes)
    let dense = try MatrixMultiplyProblem(
      rows: problem.steps * problem.batch, depth: problem.inputs, columns: order.columns(gates: problem.kind.gates),
      epilogue: Epilogue(bias: true))
    let product = PointwiseDense(set)
    let input = try product.prepare(
      dense, configuration: product.configurations(for: dense)[0],
      parameters: try MatrixMultiplyParameters(
        weights: order.inputWeights(parameters), bias: order.inputBias(parameters), for: dense))
    var steps: [[RecurrentStep]] = []
    for direction in 0..<problem.directions {
      var first = 0
      var products: [RecurrentStep] = []
      for gates in Self.products(problem.kind) {
        let limit = set.channelTiles.maximumRows(vectors: gates * units)
        let step = try ChannelProduct(
          set.channelTiles, blocking: ChannelProduct.Blocking(rows: min(limit, problem.batch), vectors: gates * units),
          channels: order.blocks * gates * order.lanes, depth: problem.hidden,
          bias: order.stateBias(parameters, direction, gates: first..<first + gates))
        guard let step else {
          throw KernelError.invalidConfiguration(
            kernel: identifier, configuration: configuration, reason: "there is no tile of that size here")
        }
        let weights = try order.stateWeights(parameters, direction, gates: first..<first + gates)
        products.append(
          RecurrentStep(
            product: step, weights: try ChannelWeights(step, rowsOf: weights, set.rows), gates: gates, first: first))
        first += gates
      }
      steps.append(products)
    }
    return PreparedRecurrent(
      problem: problem, order: order, input: input, steps: steps, units: units, gates: set.planes.gates,
      rows: set.rows)
  }
}

/// One product of a step.
struct RecurrentStep: Sendable {
  let product: ChannelProduct
  let weights: ChannelWeights
  /// The gates that it computes.
  let gates: Int
  /// The first of them.
  let first: Int
}

/// The order of the columns of products: for each vector of units all its gates, a vector each; units that fill the last vector
/// have no weights.
struct RecurrentOrder: Sendable {
  let lanes: Int
  /// Vectors of units.
  let blocks: Int
  private let problem: RecurrentProblem

  init(_ problem: RecurrentProblem, lanes: Int) {
    self.problem = problem
    self.lanes = lanes
    blocks = (problem.hidden + lanes - 1) / lanes
  }

  /// Units with those that fill the last vector.
  var paddedUnits: Int { blocks * lanes }

  /// The columns of all directions.
  func columns(gates: Int) -> Int { problem.directions * blocks * gates * lanes }

  /// The row of ONNX's order of each column of one direction, nil for a unit that fills a vector.
  private func rows(gates: Range<Int>) -> [Int?] {
    (0..<blocks).flatMap { block in
      gates.flatMap { gate in
        (0..<lanes).map { lane in
          let unit = block * lanes + lane
          return unit < problem.hidden ? gate * problem.hidden + unit : nil
        }
      }
    }
  }

  func inputWeights(_ parameters: RecurrentParameters) throws -> Tensor {
    let rows = rows(gates: 0..<problem.kind.gates)
    let all = (0..<problem.directions).flatMap { direction in
      rows.map { row in row.map { direction * problem.gateCount + $0 } }
    }
    return try gathered(parameters.weights, all, columns: problem.inputs)
  }

  func stateWeights(_ parameters: RecurrentParameters, _ direction: Int, gates: Range<Int>) throws -> Tensor {
    let rows = rows(gates: gates).map { row in row.map { direction * problem.gateCount + $0 } }
    return try gathered(parameters.recurrence, rows, columns: problem.hidden)
  }

  private func gathered(_ weights: Tensor, _ rows: [Int?], columns: Int) throws -> Tensor {
    var numbers = [Float](repeating: 0, count: rows.count * columns)
    weights.withElements { source in
      for (index, row) in rows.enumerated() {
        guard let row else { continue }
        for column in 0..<columns { numbers[index * columns + column] = source[row * columns + column] }
      }
    }
    return try Tensor(shape: TensorShape([rows.count, columns]), elements: numbers)
  }

  /// Whether a gate's second bias is part of what is reset, so that it stays with the state's product.
  private func keepsStateBias(_ gate: Int) -> Bool { problem.kind == .gatedUnitAfterProduct && gate == 2 }

  /// Both biases, but for those that stay with the state's product.
  func inputBias(_ parameters: RecurrentParameters) -> [Float] {
    let (gates, rows) = (problem.gateCount, rows(gates: 0..<problem.kind.gates))
    return (0..<problem.directions).flatMap { direction in
      rows.map { row in
        guard let row else { return 0 }
        let place = direction * 2 * gates + row
        let state = keepsStateBias(row / problem.hidden) ? 0 : parameters.bias[place + gates]
        return parameters.bias[place] + state
      }
    }
  }

  func stateBias(_ parameters: RecurrentParameters, _ direction: Int, gates: Range<Int>) -> [Float]? {
    guard gates.contains(where: keepsStateBias) else { return nil }
    return rows(gates: gates).map { row in
      guard let row, keepsStateBias(row / problem.hidden) else { return 0 }
      return parameters.bias[direction * 2 * problem.gateCount + problem.gateCount + row]
    }
  }
}
