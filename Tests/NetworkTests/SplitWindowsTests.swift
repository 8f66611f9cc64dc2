import Luthier
import Testing

@Suite("Convolutions whose windows lie largely outside the image are split")
struct SplitWindowsTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let window: WindowCase
    /// How many convolutions there are afterwards.
    let parts: Int
    var channels = 96
    var outputs = 160
    var residual = false

    var testDescription: String { window.testDescription }

    func problem() throws -> ConvolutionProblem {
      return try ConvolutionProblem(
        batch: 2, inputChannels: channels, input: window.image, outputChannels: outputs,
        window: window.geometry(), epilogue: Epilogue(bias: true, residual: residual, activation: .relu))
    }
  }

  static let cases = [
    Case(
      window: .init(size: (20, 20), kernel: (3, 3), dilation: (12, 12), pads: (12, 12, 12, 12)), parts: 9),
    Case(
      window: .init(size: (15, 21), kernel: (3, 3), dilation: (9, 12), pads: (9, 12, 9, 12)), parts: 9),
    // Rows alone: the columns' windows all see everything.
    Case(
      window: .init(size: (16, 11), kernel: (3, 1), dilation: (9, 1), pads: (9, 0, 9, 0)), parts: 3, channels: 800),
    Case(
      window: .init(size: (21, 21), kernel: (3, 3), stride: 2, dilation: (12, 12), pads: (12, 12, 12, 12)), parts: 9,
      channels: 256,
      outputs: 640),
    // More before than after.
    Case(
      window: .init(size: (16, 16), kernel: (2, 2), dilation: (13, 13), pads: (13, 13, 0, 0)), parts: 4),
    // Usual windows, small work, and a residual stay whole.
    Case(
      window: .init(size: (20, 20), kernel: (3, 3), dilation: (1, 1), pads: (1, 1, 1, 1)), parts: 1),
    Case(
      window: .init(size: (20, 20), kernel: (3, 3), dilation: (12, 12), pads: (12, 12, 12, 12)), parts: 1, channels: 4),
    Case(
      window: .init(size: (20, 20), kernel: (3, 3), dilation: (12, 12), pads: (12, 12, 12, 12)), parts: 1,
      residual: true),
  ]

  @Test("and give the same values", arguments: cases)
  func split(item: Case) throws {
    let problem = try item.problem()
    var random = RandomSource(seed: 5)
    var graph = Graph(name: "split")
    var values: [ValueID] = []
    for (index, shape) in problem.inputShapes.enumerated() {
      values.append(try graph.addInput("x\(index)", shape: shape))
    }
    graph.addOutput(
      try graph.addLayer("c", problem, parameters: problem.randomParameters(from: &random), inputs: values))
    let input = problem.inputShapes.map { random.tensor(shape: $0) }
    let split = try graph.applying([.splitWindows])
    let convolutions = split.nodes.compactMap { node -> ConvolutionProblem? in
      if case .layer(let part as ConvolutionProblem, _) = node.operation { part } else { nil }
    }
    #expect(convolutions.count == item.parts)
    if item.parts > 1 {
      #expect(
        convolutions.reduce(0) { $0 + $1.operationCount.multiplyAccumulates } < problem.operationCount
          .multiplyAccumulates * 2 / 3)
      for part in convolutions { #expect(part.window.pads == WindowGeometry.Pads(0)) }
    }
    let registry = try KernelRegistry.standard()
    let options = CompilationOptions(passes: [])
    let expected = try CompiledNetwork(graph, registry: registry, options: options).run(input)[0]
    let found = try CompiledNetwork(split, registry: registry, options: options).run(input)[0]
    #expect(found.relativeDifference(from: expected) < 1e-5)
  }
}
