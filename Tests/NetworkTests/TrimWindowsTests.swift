import Luthier
import Testing

@Suite("Windows lose what sees only padding")
struct TrimWindowsTests {
  /// A convolution of one kernel, stride, dilation and pads on both axes, or of its own on each.
  struct Case: CustomTestStringConvertible, Sendable {
    let window: WindowCase
    let left: (Int, Int)

    var testDescription: String { window.testDescription }

    func graph() throws -> Graph {
      let problem = try ConvolutionProblem(
        inputChannels: 6, input: window.image, outputChannels: 4, window: window.geometry(), groups: 2,
        epilogue: Epilogue(bias: true, activation: .relu))
      var random = RandomSource(seed: 5)
      var graph = Graph(name: "trimmed")
      let x = try graph.addInput("x", shape: problem.inputShapes[0])
      graph.addOutput(
        try graph.addLayer("c", problem, parameters: problem.randomParameters(from: &random), inputs: [x]))
      return graph
    }
  }

  static let cases = [
    Case(
      window: .init(size: (20, 20), kernel: (3, 3), dilation: (24, 24), pads: (24, 24, 24, 24)), left: (1, 1)),
    Case(
      window: .init(size: (20, 20), kernel: (3, 3), dilation: (12, 24), pads: (12, 24, 12, 24)), left: (3, 1)),
    Case(
      window: .init(size: (7, 5), kernel: (5, 5), dilation: (3, 3), pads: (6, 6, 6, 6)), left: (5, 3)),
    // All columns are needed; of the rows, every second.
    Case(
      window: .init(size: (1, 9), kernel: (3, 3), dilation: (1, 1), pads: (1, 1, 1, 1)), left: (1, 3)),
    Case(
      window: .init(size: (4, 4), kernel: (3, 3), stride: 2, dilation: (4, 4), pads: (4, 4, 4, 4)), left: (1, 1)),
    Case(
      window: .init(size: (9, 9), kernel: (3, 3), stride: 2, dilation: (1, 1), pads: (1, 1, 1, 1)), left: (3, 3)),
    // The first window's first tap is before the image, the second's after it.
    Case(
      window: .init(size: (4, 4), kernel: (3, 3), stride: 3, dilation: (2, 2), pads: (5, 5, 0, 0)), left: (2, 2)),
    // What is left would begin inside the image: it stays.
    Case(
      window: .init(size: (2, 2), kernel: (3, 3), stride: 5, dilation: (2, 2), pads: (1, 1, 4, 4)), left: (3, 3)),
    Case(
      window: .init(size: (1, 1), kernel: (3, 3), dilation: (1, 1), pads: (2, 2, 0, 0)), left: (1, 1)),
  ]

  @Test("and give the same values", arguments: cases)
  func trimmed(item: Case) throws {
    let graph = try item.graph()
    let registry = KernelRegistry.standardForTests
    var random = RandomSource(seed: 7)
    let input = [random.tensor(shape: graph[graph.inputs[0]].shape)]
    let plain = CompilationOptions(choosers: [FamilyChooser(family: "reference")], passes: [])
    let expected = try CompiledNetwork(graph, registry: registry, options: plain).run(input)
    #expect(try CompiledNetwork(graph, registry: registry).run(input)[0].relativeDifference(from: expected[0]) < 1e-5)
    let node = try #require(try graph.applying([.trimWindows]).nodes.first)
    guard case .layer(let problem as ConvolutionProblem, _) = node.operation else {
      Issue.record("\(node)")
      return
    }
    #expect(problem.window.kernel == .init(height: item.left.0, width: item.left.1))
  }
}
