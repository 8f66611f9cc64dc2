import Luthier

extension FuzzedParser {
  /// An ONNX model: read, imported as a graph, and rewritten by the standard passes.
  static let model = FuzzedParser(name: "onnx", structure: .fields, seeds: { try ModelSeeds.all() }) { bytes in
    switch try imported(bytes) {
    case .failure(let refusal): return refusal.fate
    case .success(let graph):
      do {
        return "a graph that becomes \(try graph.applying(GraphPass.standard).nodes.count) nodes"
      } catch { throw BrokenPromise("a pass refuses a graph that was imported: \(error)") }
    }
  }

  /// An ONNX model that is compiled and run once where it is small.
  static let compiledModel = FuzzedParser(name: "compiled", structure: .fields, seeds: { try ModelSeeds.all() }) {
    bytes in
    switch try imported(bytes) {
    case .failure(let refusal): return refusal.fate
    case .success(let graph):
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

  /// Why there is no graph.
  private struct Refusal: Error { let fate: String }

  private static func imported(_ bytes: [UInt8]) throws -> Result<Graph, Refusal> {
    do throws(ONNXError) {
      return .success(try ONNXModel(bytes: bytes, name: "fuzzed").graph(batch: 1))
    } catch { return .failure(Refusal(fate: try BrokenPromise.checkedFate(error))) }
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
