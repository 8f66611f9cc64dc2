import Luthier

extension FuzzedParser {
  /// An ONNX model: read, inspected, planned, and its networks rewritten by the standard passes.
  static let model = FuzzedParser(name: "onnx", structure: .fields, seeds: { try ModelSeeds.all() }) { bytes in
    switch try planned(bytes) {
    case .failure(let refusal): return refusal.fate
    case .success(let plan):
      do {
        let nodes = try plan.graphs.reduce(0) { $0 + (try $1.applying(GraphPass.standard)).nodes.count }
        return "a program of \(plan.steps.count) steps that has \(nodes) nodes"
      } catch { throw BrokenPromise("a pass refuses a graph that was imported: \(error)") }
    }
  }

  /// An ONNX model that is compiled and run once where it is one small network.
  static let compiledModel = FuzzedParser(name: "compiled", structure: .fields, seeds: { try ModelSeeds.all() }) {
    bytes in
    switch try planned(bytes) {
    case .failure(let refusal): return refusal.fate
    case .success(let plan):
      guard let graph = plan.wholeGraph else { return "a program that is more than a network" }
      guard elementCount(graph) < 1 << 14, multiplyAccumulates(graph) < 1 << 18 else {
        return "a graph too large to run here"
      }
      let network: CompiledNetwork
      do { network = try CompiledNetwork(graph, registry: standardKernels) } catch {
        return try BrokenPromise.checkedFate(error)
      }
      let outputs = try network.run(network.inputs.map { Tensor(shape: $0.shape, repeating: 0.5) })
      return "a network that gave \(outputs.count) outputs from \(network.layers.count) layers"
    }
  }

  /// A tensor of an ONNX test case.
  static let tensor = FuzzedParser(name: "tensor", structure: .fields, seeds: { ModelSeeds.tensors() }) { bytes in
    do throws(ONNXError) {
      let tensor = try TensorFile.read(bytes: bytes, name: "fuzzed")
      return "a tensor of rank \(tensor.shape.rank)"
    } catch { return try BrokenPromise.checkedFate(error) }
  }

  private static let standardKernels = (try? KernelRegistry.standard()) ?? KernelRegistry()

  /// Why there is no plan.
  private struct Refusal: Error { let fate: String }

  private static func planned(_ bytes: [UInt8]) throws -> Result<ProgramPlan, Refusal> {
    do {
      let model = try ONNXModel(bytes: bytes, name: "fuzzed")
      for refusal in try model.inspection(batch: 1).refusals where refusal.description.utf8.contains(0x0a) {
        throw BrokenPromise("a refusal of several lines: \(refusal)")
      }
      return .success(try model.plan(inputs: model.inputTypes(batch: 1)))
    } catch let error as ONNXError { return .failure(Refusal(fate: try BrokenPromise.checkedFate(error))) }
  }

  private static func elementCount(_ graph: Graph) -> Int {
    graph.values.reduce(0) { $0 + $1.shape.elementCount }
  }

  private static func multiplyAccumulates(_ graph: Graph) -> Int {
    graph.nodes.reduce(0) { sum, node in
      guard case .layer(let problem, _) = node.operation else { return sum }
      return sum + min(problem.operationCount.multiplyAccumulates, 1 << 40)
    }
  }
}
