import HostPlatform
import LayerKernels
import TuningDatabase

extension CompiledFile {
  /// The bytes of a file for a network: the graph after the passes, the kernels that the choosers choose, and what they pack.
  ///
  /// The network is read back from the bytes before they are given, and has to run as the one that packed its weights itself.
  ///
  /// - Parameters:
  ///   - graph: as the passes leave it.
  ///   - model: the file of the model, to know it again.
  /// - Throws: ``CompiledFileError/notCompilable(model:reason:)``, what compiling throws.
  package static func encode(
    _ graph: Graph, registry: KernelRegistry, options: CompilationOptions, host: PlatformFingerprint,
    model: CompiledFileIdentity.Model? = nil, allowedError: Double = 0
  ) throws -> (bytes: [UInt8], network: CompiledNetwork) {
    let record = PackingRecord()
    var options = options
    options.packing = .recorded(record)
    options.passes = []
    let network = try CompiledNetwork(graph, registry: registry, options: options)
    let parameters = Dictionary(
      graph.nodes.compactMap { node -> (String, any Sendable)? in
        if case .layer(_, let parameters) = node.operation { (node.name, parameters) } else { nil }
      }, uniquingKeysWith: { first, _ in first })

    var blocks = CompiledFileBlocks()
    var withheld: Set<String> = []
    var steps = ByteWriter()
    var names: Set<CompiledFileStep.Name> = []
    steps.write(count: network.layers.count)
    for (index, layer) in network.layers.enumerated() {
      let weights = record.weights(ofStep: index)
      let step = CompiledFileStep(layer, blocks: weights.map { blocks.index(of: $0) })
      guard names.insert(step.name).inserted else {
        throw CompiledFileError.notCompilable(
          model: graph.name, reason: "two steps are called '\(layer.name)'; name its nodes and values otherwise")
      }
      step.write(to: &steps)
      guard !layer.isConversion, let constants = parameters[layer.name].flatMap({ LayerConstants($0) }) else {
        continue
      }
      if isEnough(weights, for: constants, layer) { withheld.insert(layer.name) }
    }

    var encoder = GraphEncoder(blocks: blocks)
    try encoder.encode(graph, withheld: withheld)
    blocks = encoder.blocks
    var identity = ByteWriter()
    CompiledFileIdentity(
      library: LibraryVersion.current.description, host: host, graph: graph, model: model, options: options,
      allowedError: allowedError
    ).write(to: &identity)
    var table = ByteWriter()
    blocks.writeTable(to: &table)
    let bytes = CompiledFileLayout.file(
      [(.identity, identity.bytes), (.blocks, table.bytes), (.steps, steps.bytes), (.graph, encoder.writer.bytes)],
      weightsSize: blocks.byteCount, weights: blocks.write)
    try compare(network, bytes, registry: registry, options: options, host: host)
    return (bytes, network)
  }

  /// Whether a layer's kernel needs nothing but what it has packed: it is prepared on that alone.
  private static func isEnough(
    _ weights: [PackedWeights], for constants: LayerConstants, _ layer: CompiledLayer
  ) -> Bool {
    let packed = weights.reduce(0) { $0 + $1.count } * MemoryLayout<Float>.stride
    guard !constants.tensors.isEmpty, constants.elementCount <= packed else { return false }
    let elements = WithheldElements()
    var without = constants
    without.tensors = constants.tensors.map { Tensor(shape: $0.shape, withholding: elements) }
    let supply = PackedBlockSupply(weights.map { PackedBlock(start: $0.start, count: $0.count, owner: $0) })
    do {
      let parameters = try without.parameters(for: layer.problem)
      _ = try supply.bind { try layer.choice.candidate.prepare(parameters: parameters) }
    } catch { return false }
    return !elements.wereAskedFor
  }

  /// A kernel that keeps something of its weights beside what it packs would not be the same: better no file than a wrong one.
  private static func compare(
    _ network: CompiledNetwork, _ bytes: [UInt8], registry: KernelRegistry, options: CompilationOptions,
    host: PlatformFingerprint
  ) throws {
    let file = try bytes.withUnsafeBytes { try CompiledFile(bytes: $0, name: network.name, host: host) }
    let again = try file.network(
      registry: registry, threads: options.threads, inputLayout: options.inputLayout, memoryLimit: options.memoryLimit)
    var random = RandomSource(seed: 1)
    let inputs = network.inputs.map { random.tensor(shape: $0.shape) }
    for (found, expected) in zip(try again.run(inputs), try network.run(inputs)) {
      let areSame = found.withElements { found in
        expected.withElements { expected in
          found.count == expected.count && zip(found, expected).allSatisfy { $0.bitPattern == $1.bitPattern }
        }
      }
      guard areSame else {
        throw CompiledFileError.notCompilable(
          model: network.name,
          reason: "read back, it computes something else; a kernel keeps weights that it does not pack")
      }
    }
  }
}
