import Luthier
import Testing

@Suite("Gathers of many indices")
struct WindowOrderTests {
  /// The tokens of a map of `size` rows and columns in the order of windows, as Swin's attention takes them.
  static func windowOrder(size: Int, window: Int) -> [Int] {
    let windows = size / window
    return (0..<(size * size)).map { place in
      let (block, inner) = (place / (window * window), place % (window * window))
      let row = block / windows * window + inner / window
      return row * size + block % windows * window + inner % window
    }
  }

  static func graph(tokens: Int, channels: Int, _ indices: [Int]) throws -> Graph {
    var graph = Graph(name: "gather")
    let input = try graph.addInput("x", shape: TensorShape([1, tokens, channels]))
    let scaled = try graph.addLayer("relu", ElementwiseProblem(.relu, shape: graph[input].shape), inputs: [input])
    graph.addOutput(try graph.addMovement("order", .gather(axis: 1, indices: indices), inputs: [scaled]))
    return graph
  }

  @Test(
    "are moved as they say",
    arguments: [
      windowOrder(size: 56, window: 7), windowOrder(size: 8, window: 2), [5], [], [0, 0, 0], [3, 1, 3, 1, 7],
      [0, 2, 1, 3, 4, 6, 5, 7], [7, 6, 5, 4, 3, 2, 1, 0], (0..<784).map { $0 * 331 % 784 },
    ])
  func results(indices: [Int]) throws {
    let tokens = max((indices.max() ?? 0) + 1, 1)
    let network = try CompiledNetwork(
      Self.graph(tokens: tokens, channels: 3, indices), registry: .standard())
    let found = try network.run([
      Tensor(shape: TensorShape([1, tokens, 3]), elements: (0..<(3 * tokens)).map(Float.init))
    ])
    #expect(found[0].elements == indices.flatMap { index in (0..<3).map { Float(3 * index + $0) } })
  }

  @Test("in windows are one box, whose key is short")
  func oneBox() throws {
    let network = try CompiledNetwork(
      Self.graph(tokens: 3136, channels: 96, Self.windowOrder(size: 56, window: 7)), registry: .standard())
    let problem = try #require(network.layers.compactMap { $0.choice.candidate.problem as? RearrangementProblem }.first)
    #expect(problem.copies.count == 1)
    #expect(try RearrangementProblem(key: ProblemKey(parsing: problem.key.description)) == problem)
  }
}
