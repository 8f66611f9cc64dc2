import LayerKernels
import Network
import NetworkZoo
import Testing

@Suite("Graph passes")
struct PassTests {
  func counts(_ graph: Graph) -> (layers: [String: Int], movements: [String: Int]) {
    var layers: [String: Int] = [:]
    var movements: [String: Int] = [:]
    for node in graph.nodes {
      switch node.operation {
      case .layer(let problem, _): layers[type(of: problem).operation, default: 0] += 1
      case .movement(let movement):
        switch movement {
        case .gather(1, _): movements["channels", default: 0] += 1
        case .concatenate(1): movements["concatenate", default: 0] += 1
        case .reshape: movements["reshape", default: 0] += 1
        default: movements["other", default: 0] += 1
        }
      }
    }
    return (layers, movements)
  }

  @Test(
    "ShuffleNetV2 is 56 convolutions, the first with its pooling, global pooling and a product; nothing element-wise is left",
    arguments: ShuffleNetV2.Width.allCases)
  func shuffleNet(width: ShuffleNetV2.Width) throws {
    let entry = try #require(NetworkCatalog.entry(named: "shufflenet_v2_\(width.rawValue)"))
    let graph = try entry.graph().applying(GraphPass.standard)
    let (layers, movements) = counts(graph)
    let pairs = layers["pointwise-depthwise"] ?? 0
    #expect(
      layers.filter { $0.key != "pointwise-depthwise" } == [
        "convolution": 55 - 2 * pairs, "convolution-pooling": 1, "pooling": 1, "matrix-multiply": 1,
      ])
    #expect(movements["other"] == nil)
    #expect(movements["reshape"] == 2)
  }

  @Test(
    "Networks have the parameters of their papers",
    arguments: [
      ("shufflenet_v2_x0_5", 1_366_792), ("shufflenet_v2_x1_0", 2_278_604), ("shufflenet_v2_x1_5", 3_503_624),
      ("shufflenet_v2_x2_0", 7_393_996), ("mobilenet_v2_x1_0", 3_504_872), ("resnet_18", 11_689_512),
      ("resnet_50", 25_557_032), ("squeezenet_1_1", 1_235_496), ("mobilenet_v1_x1_0", 4_231_976),
    ])
  func parameterCounts(name: String, count: Int) throws {
    #expect(try #require(NetworkCatalog.entry(named: name)).parameterCount() == count)
  }

  /// Channels 0…C−1 moved by reshapes and transposes as exporters write a shuffle.
  func shuffled(groups: Int, channels: Int, batch: Int = 1) throws -> Graph {
    var graph = Graph(name: "shuffle")
    let input = try graph.addInput("x", shape: TensorShape([batch, channels, 4, 5]))
    let split = try graph.addMovement(
      "a", .reshape, inputs: [input], outputShape: TensorShape([batch, groups, channels / groups, 4, 5]))
    let swapped = try graph.addMovement("b", .transpose(permutation: [0, 2, 1, 3, 4]), inputs: [split])
    let joined = try graph.addMovement(
      "c", .reshape, inputs: [swapped], outputShape: TensorShape([batch, channels, 4, 5]))
    graph.addOutput(joined)
    return graph
  }

  @Test("Reshape, transpose, reshape becomes one choice of channels", arguments: [1, 2], [2, 3, 4])
  func reshapeTransposeReshape(batch: Int, groups: Int) throws {
    let graph = try shuffled(groups: groups, channels: 12, batch: batch).applying(GraphPass.standard)
    #expect(graph.nodes.count == 1)
    guard case .movement(.gather(1, let indices)) = graph.nodes[0].operation else {
      Issue.record("the shuffle was not recognised: \(graph.nodes)")
      return
    }
    #expect(indices == (0..<12).map { ($0 % groups) * (12 / groups) + $0 / groups })
  }

  @Test("Two shuffles that undo each other vanish")
  func inverse() throws {
    var graph = Graph(name: "twice")
    let input = try graph.addInput("x", shape: TensorShape([1, 6, 2, 2]))
    let there = try graph.addMovement("a", .gather(axis: 1, indices: [0, 3, 1, 4, 2, 5]), inputs: [input])
    let back = try graph.addMovement("b", .gather(axis: 1, indices: [0, 2, 4, 1, 3, 5]), inputs: [there])
    let relu = try graph.addLayer(
      "c", ElementwiseProblem(.relu, shape: TensorShape([1, 6, 2, 2])), inputs: [back])
    graph.addOutput(relu)
    #expect(try graph.applying(GraphPass.standard).nodes.map(\.name) == ["c"])
  }

  @Test("A transposition of rows and columns is no movement of channels and stays")
  func rowsAndColumns() throws {
    var graph = Graph(name: "transpose")
    let input = try graph.addInput("x", shape: TensorShape([1, 6, 4, 4]))
    graph.addOutput(try graph.addMovement("a", .transpose(permutation: [0, 1, 3, 2]), inputs: [input]))
    let nodes = try graph.applying(GraphPass.standard).nodes
    #expect(nodes.count == 1)
    guard case .movement(.transpose) = nodes[0].operation else {
      Issue.record("\(nodes)")
      return
    }
  }

  /// A convolution of 16 channels of 128² elements, which is a mebibyte, with a pooling and more readers after it.
  func pooled(_ kernel: Int = 3, height: Int = 128, isRead: Bool = false, isOutput: Bool = false) throws -> [String] {
    var builder = NetworkBuilder(name: "pooled", seed: 3)
    let input = try builder.input(batch: 1, channels: 3, height: height, width: 128)
    let convolved = try builder.convolutionUnit(input, outputs: 16, kernel: 3)
    let pooled = try builder.pooling(convolved, .maximum, kernel: kernel, stride: 2)
    var outputs = [("y", pooled)]
    if isRead { outputs.append(("z", try builder.pooling(convolved, .maximum, kernel: 2, stride: 2))) }
    if isOutput { outputs.append(("x", convolved)) }
    return try builder.finish(outputs).applying(GraphPass.standard).nodes.compactMap { node in
      guard case .layer(let problem, _) = node.operation else { return nil }
      return type(of: problem).operation
    }
  }

  @Test("A convolution and its pooling are one where the activation between is a mebibyte and nobody else's")
  func convolutionAndPooling() throws {
    #expect(try pooled() == ["convolution-pooling"])
    #expect(try pooled(2) == ["convolution-pooling"])
    #expect(try pooled(height: 127) == ["convolution", "pooling"])
    #expect(try pooled(isRead: true) == ["convolution", "pooling", "pooling"])
    #expect(try pooled(isOutput: true) == ["convolution", "pooling"])
  }

  @Test("A residual addition goes into the later of two convolutions, and the activation with it")
  func residual() throws {
    var builder = NetworkBuilder(name: "block", seed: 3)
    let input = try builder.input(batch: 1, channels: 8, height: 6, width: 6)
    let first = try builder.convolutionUnit(input, outputs: 8, kernel: 3)
    let second = try builder.convolutionUnit(first, outputs: 8, kernel: 3, activation: .identity)
    let sum = try builder.activation(builder.add(second, input))
    let graph = try builder.finish([("y", sum)]).applying(GraphPass.standard)
    let problems = graph.nodes.compactMap { node -> ConvolutionProblem? in
      guard case .layer(let problem, _) = node.operation else { return nil }
      return problem as? ConvolutionProblem
    }
    #expect(graph.nodes.count == 2)
    #expect(problems.map(\.epilogue.description) == ["bias+relu", "bias+residual+relu"])
  }

  @Test("A value that callers receive keeps its own node")
  func outputsStay() throws {
    var builder = NetworkBuilder(name: "outputs", seed: 3)
    let input = try builder.input(batch: 1, channels: 4, height: 5, width: 5)
    let convolved = try builder.convolution(input, outputs: 4, kernel: 3)
    let active = try builder.activation(convolved)
    let graph = try builder.finish([("before", convolved), ("after", active)]).applying(GraphPass.standard)
    #expect(graph.nodes.count == 2)
    #expect(graph.outputs.map { graph[$0].name } == ["before", "after"])
  }
}
