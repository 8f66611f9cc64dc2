import Luthier
import Testing

@Suite("Names and weights of a graph")
struct GraphNameTests {
  @Test("A second node of a name is refused, layer or movement")
  func duplicates() throws {
    var graph = Graph(name: "g")
    let input = try graph.addInput("x", shape: TensorShape([1, 4]))
    let relu = ElementwiseProblem(.relu, shape: graph[input].shape)
    let first = try graph.addLayer("a", relu, inputs: [input])
    #expect(throws: GraphError.duplicateName(node: "a")) { try graph.addLayer("a", relu, inputs: [first]) }
    #expect(throws: GraphError.duplicateName(node: "a")) {
      try graph.addMovement("a", .transpose(permutation: [1, 0]), inputs: [first])
    }
    #expect(graph.nodes.count == 1)
  }

  /// Parameters of an operation of another package.
  private struct Slopes: Sendable {
    var values: [Float]
    var scale: Double?
    var isSigned = false
  }

  @Test("A digest of parameters tells every one of them from another")
  func digests() throws {
    let slopes = Slopes(values: [1, 2], scale: nil)
    var changed: [Slopes] = [slopes, slopes, slopes, slopes]
    changed[1].values[1] = 3
    changed[2].scale = 0.5
    changed[3].isSigned = true
    #expect(Set(changed.map { WeightsDigest.digest(of: $0) }).count == 4)
    #expect(WeightsDigest.digest(of: slopes) == WeightsDigest.digest(of: Slopes(values: [1, 2], scale: nil)))
  }

  @Test("A convolution's bias and a pair's depthwise filter count")
  func parts() throws {
    func graph(bias: Float, depthwise: Float) throws -> Graph {
      var graph = Graph(name: "g")
      let input = try graph.addInput("x", shape: TensorShape([1, 4, 8, 8]))
      let pointwise = try ConvolutionProblem(
        inputChannels: 4, input: .init(8), outputChannels: 4, window: WindowGeometry(kernel: .init(1)),
        epilogue: Epilogue(bias: true))
      let second = try ConvolutionProblem(
        inputChannels: 4, input: .init(8), outputChannels: 4,
        window: WindowGeometry(kernel: .init(3), pads: .init(1)), groups: 4)
      let pair = try PointwiseDepthwiseProblem(pointwise: pointwise, depthwise: second)
      let parameters = PointwiseDepthwiseParameters(
        pointwise: try ConvolutionParameters(
          filter: Tensor(shape: pointwise.filterShape, repeating: 1), bias: [0, 0, 0, bias], for: pointwise),
        depthwise: try ConvolutionParameters(
          filter: Tensor(shape: second.filterShape, repeating: depthwise), bias: nil, for: second))
      graph.addOutput(try graph.addLayer("pair", pair, parameters: parameters, inputs: [input]))
      return graph
    }
    let digests = try [graph(bias: 1, depthwise: 1), graph(bias: 2, depthwise: 1), graph(bias: 1, depthwise: 2)].map(
      \.weightsDigest)
    #expect(Set(digests).count == 3)
    #expect(try graph(bias: 1, depthwise: 1).weightsDigest == digests[0])
  }
}
