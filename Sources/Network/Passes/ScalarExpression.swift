import LayerKernels

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// What element-wise nodes compute of one value of a graph, as a function of a number.
///
/// Two expressions that agree at all of ``samples`` are taken for the same function, in whatever order an exporter wrote its
/// steps: no two activations lie nearer than 10⁻⁴ at all of them.
struct ScalarExpression {
  /// Numbers of both signs, where activations bend and where they have settled.
  static let samples: [Double] = (-40...40).map { Double($0) * 0.23 + 0.01 } + [-1, 0, 1, -30, 30, -500, 500]

  private let graph: Graph
  private let writers: [ValueID: Int]
  private let argument: ValueID
  private var known: [ValueID: [Double]]
  /// The nodes that the function consists of.
  private(set) var nodeCount = 0

  /// The most nodes of a function.
  static let maximumNodes = 14

  init(of argument: ValueID, in graph: Graph, writers: [ValueID: Int]) {
    self.graph = graph
    self.writers = writers
    self.argument = argument
    known = [argument: Self.samples]
  }

  /// The results for the samples; nil when the value is no function of the argument alone.
  mutating func values(of value: ValueID) -> [Double]? {
    if let values = known[value] { return values }
    if let constant = graph[value].constant {
      guard constant.shape.elementCount == 1 else { return nil }
      return Array(repeating: Double(constant.elements[0]), count: Self.samples.count)
    }
    guard nodeCount < Self.maximumNodes, let writer = writers[value],
      graph[value].shape == graph[argument].shape, let problem = Self.elementwise(graph.nodes[writer])
    else { return nil }
    nodeCount += 1
    let inputs = graph.nodes[writer].inputs
    guard let left = values(of: inputs[0]) else { return nil }
    let result: [Double]
    switch problem.function {
    case .unary(let function): result = left.map { function($0) }
    case .squareRoot: result = left.map { $0.squareRoot() }
    case .binary(let function, let activation):
      guard let right = values(of: inputs[1]) else { return nil }
      result = zip(left, right).map { activation(function($0, $1)) }
    }
    known[value] = result
    return result
  }

  /// A node's element-wise problem; nil for any other node.
  static func elementwise(_ node: GraphNode) -> ElementwiseProblem? {
    guard case .layer(let layer, _) = node.operation else { return nil }
    return layer as? ElementwiseProblem
  }

  /// The values that a value may be a function of, the furthest first: what element-wise nodes before it read.
  static func arguments(of value: ValueID, in graph: Graph, writers: [ValueID: Int]) -> [ValueID] {
    var found: [ValueID] = []
    var seen: Set<ValueID> = [value]
    var next = [value]
    while let place = next.popLast(), found.count < maximumNodes {
      guard let writer = writers[place], elementwise(graph.nodes[writer]) != nil else { continue }
      for input in graph.nodes[writer].inputs where seen.insert(input).inserted {
        guard graph[input].constant == nil, graph[input].shape == graph[value].shape else { continue }
        found.append(input)
        next.insert(input, at: 0)
      }
    }
    return found.reversed()
  }
}

extension Activation {
  /// The activation with the given results for ``ScalarExpression/samples``; nil when it is none that exporters write in parts.
  init?(results: [Double]) {
    func result(_ x: Double) -> Double? { ScalarExpression.samples.firstIndex(of: x).map { results[$0] } }
    guard results.count == ScalarExpression.samples.count, let one = result(1), let minusOne = result(-1) else {
      return nil
    }
    var candidates: [Activation] = [.hardSwish, .swish, .gelu, .geluTanh, .mish, .hardSigmoid(alpha: 1 / 6, beta: 0.5)]
    // The results at ±1 give the number of those that have one.
    if one == 1, minusOne != -1 { candidates.append(minusOne == 0 ? .relu : .leakyRelu(slope: Float(-minusOne))) }
    // From here on the gate is open at 1 by more than a half: x / 2 is a scale, no activation.
    if one > 0.51, one < 1 {
      let slope = Float(log(one / (1 - one)))
      let rounded = (slope * 1000).rounded() / 1000
      candidates += [.scaledSwish(alpha: (slope - rounded).magnitude < 1e-5 ? rounded : slope)]
    }
    let match = candidates.first { candidate in
      zip(ScalarExpression.samples, results).allSatisfy { x, y in
        (candidate(x) - y).magnitude <= 2e-6 * max(1, x.magnitude)
      }
    }
    guard let match else { return nil }
    self = match
  }
}
