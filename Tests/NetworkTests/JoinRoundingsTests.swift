import Luthier
import Testing

@Suite("Roundings to steps join what is around them")
struct JoinRoundingsTests {
  /// Element-wise functions one after the other, and a pooling or a reshape between them.
  enum Link: Sendable, CustomTestStringConvertible {
    case function(Activation)
    case maximumPooling(pad: Int)
    case averagePooling
    case reshape

    var testDescription: String {
      switch self {
      case .function(let activation): "\(activation)"
      case .maximumPooling(let pad): "maximum of 3x3, padding \(pad)"
      case .averagePooling: "average"
      case .reshape: "reshape"
      }
    }
  }

  struct Case: Sendable, CustomTestStringConvertible {
    let links: [Link]
    /// What the element-wise layers are afterwards, in order.
    let left: [Activation]

    var testDescription: String { links.map(\.testDescription).joined(separator: ", ") }
  }

  static let byte = Activation.quantized(step: 0.05, lower: -128, upper: 127)
  static let positive = Activation.quantized(step: 0.05, lower: 0, upper: 127)

  static let cases = [
    Case(links: [.function(.relu), .function(byte)], left: [positive]),
    Case(
      links: [.function(.relu6), .function(.quantized(step: 0.05, lower: 0, upper: 255))],
      left: [.quantized(step: 0.05, lower: 0, upper: 120)]),
    // Bounds that lie between steps: −0.26 is 5.2 of them, 0.78 is 15.6.
    Case(
      links: [.function(.clip(lower: -0.26, upper: 0.78)), .function(byte)],
      left: [.quantized(step: 0.05, lower: -5, upper: 16)]),
    Case(links: [.function(byte), .function(byte)], left: [byte]),
    Case(links: [.function(positive), .reshape, .function(byte)], left: [positive]),
    Case(links: [.function(byte), .reshape, .function(positive)], left: [byte, positive]),
    Case(links: [.function(byte), .function(.relu), .function(byte)], left: [byte, positive]),
    Case(links: [.function(byte), .maximumPooling(pad: 1), .function(byte)], left: [byte]),
    Case(links: [.function(.relu), .function(byte), .maximumPooling(pad: 1)], left: [positive]),
    // An average is on no step; other steps are others.
    Case(links: [.function(byte), .averagePooling, .function(byte)], left: [byte, byte]),
    Case(
      links: [.function(byte), .function(.quantized(step: 0.04, lower: -128, upper: 127))],
      left: [byte, .quantized(step: 0.04, lower: -128, upper: 127)]),
    Case(links: [.function(.swish), .function(byte)], left: [.swish, byte]),
  ]

  static func graph(_ links: [Link]) throws -> Graph {
    var graph = Graph(name: "roundings")
    var value = try graph.addInput("x", shape: TensorShape([1, 3, 7, 9]))
    for (index, link) in links.enumerated() {
      let shape = graph[value].shape
      switch link {
      case .function(let function):
        value = try graph.addLayer(
          "f\(index)", ElementwiseProblem(function, shape: shape), parameters: NoParameters(), inputs: [value])
      case .reshape:
        value = try graph.addMovement(
          "r\(index)", .reshape, inputs: [value], outputShape: TensorShape([3, 63]))
      case .maximumPooling, .averagePooling:
        var pad = 0
        var reduction = PoolingProblem.Reduction.average
        if case .maximumPooling(let given) = link { (pad, reduction) = (given, .maximum) }
        let window = try WindowGeometry(
          kernel: .init(3), stride: .init(2), pads: .init(top: pad, left: pad, bottom: pad, right: pad))
        let problem = try PoolingProblem(
          reduction, batch: 1, channels: 3, input: .init(height: shape[2], width: shape[3]), window: window)
        value = try graph.addLayer("p\(index)", problem, parameters: NoParameters(), inputs: [value])
      }
    }
    // What callers receive keeps its name and stays.
    let shape = graph[value].shape
    graph.addOutput(
      try graph.addLayer(
        "sum", ElementwiseProblem(.add, shape, shape), parameters: NoParameters(), inputs: [value, value]))
    return graph
  }

  @Test("which leaves these, and every value to the bit", arguments: cases)
  func joined(item: Case) throws {
    let graph = try Self.graph(item.links)
    let joined = try graph.applying([.joinRoundings])
    let functions = joined.nodes.compactMap { node -> Activation? in
      guard case .layer(let problem as ElementwiseProblem, _) = node.operation,
        case .unary(let function) = problem.function
      else { return nil }
      return function
    }
    #expect(functions == item.left)
    let registry = KernelRegistry.standardForTests
    var random = RandomSource(seed: 11)
    let input = [random.tensor(shape: graph[graph.inputs[0]].shape, magnitude: 9)]
    func run(_ graph: Graph) throws -> Tensor {
      let options = CompilationOptions(choosers: [FamilyChooser(family: "reference")], passes: [])
      return try CompiledNetwork(graph, registry: registry, options: options).run(input)[0]
    }
    #expect(try run(joined) == run(graph))
  }

  @Test("A product takes a rounding into its epilogue, and a pair does not have one between its parts")
  func fused() throws {
    var graph = Graph(name: "pair")
    var random = RandomSource(seed: 3)
    let x = try graph.addInput("x", shape: TensorShape([1, 32, 56, 56]))
    let pointwise = try ConvolutionProblem(
      inputChannels: 32, input: .init(56), outputChannels: 192, window: WindowGeometry(kernel: .init(1)))
    let depthwise = try ConvolutionProblem(
      inputChannels: 192, input: .init(56), outputChannels: 192,
      window: WindowGeometry(kernel: .init(3), pads: .init(top: 1, left: 1, bottom: 1, right: 1)), groups: 192)
    var value = try graph.addLayer("a", pointwise, parameters: pointwise.randomParameters(from: &random), inputs: [x])
    value = try graph.addLayer(
      "b", ElementwiseProblem(.relu6, shape: graph[value].shape), parameters: NoParameters(), inputs: [value])
    value = try graph.addLayer(
      "c", ElementwiseProblem(Self.byte, shape: graph[value].shape), parameters: NoParameters(), inputs: [value])
    value = try graph.addLayer(
      "d", depthwise, parameters: depthwise.randomParameters(from: &random), inputs: [value])
    graph.addOutput(value)
    let layers = try graph.applying(GraphPass.standard).nodes.compactMap { node -> ConvolutionProblem? in
      if case .layer(let problem as ConvolutionProblem, _) = node.operation { problem } else { nil }
    }
    #expect(layers.map(\.epilogue.activation) == [.quantized(step: 0.05, lower: 0, upper: 120), .identity])
  }
}
