import Luthier
import Testing

@Suite("What can be said of a model without running it")
struct InspectionTests {
  private typealias Node = WrittenModel.Node

  private func inspected(_ nodes: [Node], outputs: [String]) throws -> (ONNXModel, ModelInspection) {
    let model = try ONNXModel(
      bytes: WrittenModel(
        graph: WrittenGraph(nodes: nodes, inputs: [.init(name: "x", sizes: [2, 3])], outputs: outputs)
      ).bytes, name: "inspected")
    return (model, try model.inspection())
  }

  @Test("Weights that are nodes are counted, also in branches; shapes are not")
  func parameters() throws {
    func constant(_ name: String, _ tensor: TypedTensor) -> Node {
      Node(operatorName: "Constant", inputs: [], outputs: [name], attributes: ["value": .tensor(tensor)])
    }
    let floats = TypedTensor(Tensor(shape: try TensorShape([2, 3]), repeating: 1))
    let shape = try TypedTensor(shape: TensorShape([2]), elements: [3, 2] as [Int64])
    let branch = WrittenGraph(
      nodes: [Node(operatorName: "Add", inputs: ["x", "inner"], outputs: ["sum"])], outputs: ["sum"],
      constants: ["inner": floats])
    let (model, inspection) = try inspected(
      [
        constant("w", floats), constant("s", shape), Node(operatorName: "Mul", inputs: ["x", "w"], outputs: ["p"]),
        Node(operatorName: "Reshape", inputs: ["p", "s"], outputs: ["y"]),
        Node(
          operatorName: "If", inputs: ["c"], outputs: ["z"],
          attributes: ["then_branch": .graph(branch), "else_branch": .graph(branch)]),
        Node(operatorName: "IsNaN", inputs: ["first"], outputs: ["c"]),
        Node(operatorName: "ReduceMax", inputs: ["x"], outputs: ["first"], attributes: ["keepdims": .integer(0)]),
      ], outputs: ["y", "z"])
    #expect(inspection.refusals.isEmpty)
    #expect(model.parameterCount == 18)
  }

  @Test("Operators are counted, too, of a graph that is malformed", arguments: ["nowhere", "b"])
  func malformed(read: String) throws {
    let (_, inspection) = try inspected(
      [
        Node(operatorName: "Add", inputs: ["x", read], outputs: ["a"]),
        Node(operatorName: "Relu", inputs: ["a"], outputs: ["b"]),
      ], outputs: ["b"])
    #expect(inspection.operators.map(\.name) == ["Add", "Relu"])
    #expect(inspection.operators.map(\.total) == [1, 1])
    #expect(inspection.refusals.count == 1, "\(inspection.refusals)")
  }

  @Test(
    "What nobody imports is refused with a way out",
    arguments: [
      ("RandomNormalLike", "", "random numbers are left out: make them an input of the model"),
      ("StringSplit", "", "strings are left out: cut the model after what reads them"),
      ("SequenceConstruct", "", "sequences are left out: export the model with tensors only"),
      ("OptionalHasElement", "", "optionals are left out: export the model with tensors only"),
      ("Gradient", "ai.onnx.preview.training", "training is left out: export the model for inference"),
      ("Foo", "my.operators", "a plugin can (see --plugin)"), ("Foo", "", "a plugin can (see --plugin)"),
    ])
  func refusal(name: String, domain: String, wayOut: String) throws {
    let (_, inspection) = try inspected(
      [Node(operatorName: name, inputs: ["x"], outputs: ["y"], domain: domain)], outputs: ["y"])
    #expect(inspection.refusals.count == 1)
    #expect(inspection.refusals[0].reason.hasPrefix("nobody imports the operator"))
    #expect(inspection.refusals[0].reason.hasSuffix("; \(wayOut)"))
  }
}
