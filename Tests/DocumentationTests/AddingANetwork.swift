import Foundation
import Luthier
import Testing

/// A small classifier: a stem, residual units of two 3×3 convolutions, and a dense layer.
struct SmallResidualNetwork {
  var classes = 10

  func build(in builder: inout NetworkBuilder, batch: Int, height: Int, width: Int) throws -> Graph {
    let input = try builder.input(batch: batch, height: height, width: width)
    var value = try builder.convolutionUnit(input, outputs: 16, kernel: 3, stride: 2)
    for _ in 0..<3 {
      let first = try builder.convolutionUnit(value, outputs: 16, kernel: 3)
      let second = try builder.convolutionUnit(first, outputs: 16, kernel: 3, activation: .identity)
      value = try builder.activation(builder.add(second, value))
    }
    return try builder.finish { builder in try builder.pooledScores(value, classes: classes) }
  }
}

@Suite("The article on adding a network")
struct AddingANetwork {
  @Test("The article's network is built, compiled and run; its additions ride in epilogues")
  func runs() throws {
    var builder = NetworkBuilder(name: "small_residual", seed: 1)
    let graph = try SmallResidualNetwork().build(in: &builder, batch: 1, height: 64, width: 64)
    let network = try Deployment().load(graph)
    let scores = try network.run([Tensor(shape: network.inputs[0].shape, repeating: 0.5)])[0]

    #expect(scores.shape.dimensions == [1, 10])
    #expect(scores.elements.allSatisfy { $0.isFinite })
    #expect(!network.layers.contains { $0.problem is ElementwiseProblem })
    #expect(builder.parameterCount == 14_650 && builder.multiplyAccumulates > 0)
  }

  @Test("The article's network is written as an ONNX file that gives the same bits")
  func written() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("luthier-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appendingPathComponent("small_residual.onnx").path
    var builder = NetworkBuilder(name: "small_residual", seed: 1)
    let graph = try SmallResidualNetwork().build(in: &builder, batch: 1, height: 64, width: 64)

    try ONNXModel.write(graph, to: path)
    let network = try Deployment().load(path)

    let picture = [Tensor(shape: network.inputs[0].shape, repeating: 0.5)]
    #expect(try network.run(picture)[0].hasSameBits(as: Deployment().load(graph).run(picture)[0]))
  }
}
