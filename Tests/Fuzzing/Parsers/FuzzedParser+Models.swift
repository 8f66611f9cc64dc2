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

  /// A compiled network's file: what is not refused is run once where it is small.
  static let compiledFile = FuzzedParser(name: "network", structure: .sealed, seeds: { try compiledSeeds() }) { bytes in
    do {
      let network = try bytes.withUnsafeBytes { bytes in
        try CompiledFile(bytes: bytes, name: "fuzzed", host: .current()).network(
          registry: standardKernels, threads: 1, memoryLimit: 1 << 26)
      }
      let work = network.layers.reduce(0) { $0 + min($1.problem.operationCount.flopsWithBias, 1 << 40) }
      guard network.arenaSize < 1 << 16, work < 1 << 18 else { return "a network too large to run here" }
      let outputs = try network.run(network.inputs.map { Tensor(shape: $0.shape, repeating: 0.5) })
      return "a network that gave \(outputs.count) outputs from \(network.layers.count) layers"
    } catch { return try BrokenPromise.checkedFate(error) }
  }

  /// The model seeds that are one network, compiled.
  private static func compiledSeeds() throws -> [[UInt8]] {
    try ModelSeeds.all().compactMap { bytes in
      guard case .success(let plan) = try planned(bytes), let graph = plan.wholeGraph, elementCount(graph) < 1 << 14
      else {
        return nil
      }
      return try? CompiledFile.encode(
        graph.applying(GraphPass.standard), registry: standardKernels, options: CompilationOptions(), host: .current()
      ).bytes
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
