import Luthier
import Synchronization
import Testing

@Suite("A compiled network in one file")
struct CompiledFileTests {
  /// A file's bytes, and the network that was compiled.
  private static func encode(
    _ graph: Graph, registry: KernelRegistry = .standardForTests, chooser: (any KernelChooser)? = nil, threads: Int = 1,
    allowedError: Double = 0
  ) throws -> (bytes: [UInt8], network: CompiledNetwork) {
    try CompiledFile.encode(
      graph.applying(GraphPass.standard), registry: registry,
      options: CompilationOptions(threads: threads, choosers: chooser.map { [$0] } ?? [], passes: []),
      host: .current(), allowedError: allowedError)
  }

  private static func read(
    _ bytes: [UInt8], registry: KernelRegistry = .standardForTests, threads: Int = 1,
    inputLayout: TensorLayout = .rowMajor
  ) throws -> CompiledNetwork {
    try bytes.withUnsafeBytes { bytes in
      try CompiledFile(bytes: bytes, name: "n.luthier", host: .current()).network(
        registry: registry, threads: threads, inputLayout: inputLayout, memoryLimit: 1 << 28)
    }
  }

  private static func inputs(of network: CompiledNetwork) -> [Tensor] {
    var random = RandomSource(seed: 5)
    return network.inputs.map { random.tensor(shape: $0.shape) }
  }

  private static func bits(_ tensors: [Tensor]) -> [[UInt32]] { tensors.map { $0.elements.map(\.bitPattern) } }

  @Test(
    "Of networks of the catalog it computes to the bit what the network computes, with the same kernels",
    arguments: [
      ("shufflenet_v2_x0_5", 1), ("shufflenet_v2_x0_5_se", 2), ("shufflenet_v1_g3_x0_5", 1), ("mobilenet_v1_x0_25", 2),
      ("mobilenet_v2_x0_35", 1), ("squeezenet_1_1", 1),
    ])
  func catalog(name: String, threads: Int) throws {
    let graph = try #require(NetworkCatalog.entry(named: name)).graph(height: 64, width: 64)
    let (bytes, network) = try Self.encode(graph, threads: threads)
    let again = try Self.read(bytes, threads: threads)
    let inputs = Self.inputs(of: network)
    #expect(try Self.bits(again.run(inputs)) == Self.bits(network.run(inputs)))
    #expect(
      again.layers.map { "\($0.name) \($0.choice.candidate.name)" }
        == network.layers.map { "\($0.name) \($0.choice.candidate.name)" })
    #expect(again.layers.map { "\($0.choice.source)" } == network.layers.map { "\($0.choice.source)" })
    #expect(again.inputs == network.inputs && again.outputs == network.outputs && again.name == network.name)
    // Any number of threads may run it.
    #expect(try Self.bits(Self.read(bytes, threads: 3 - threads).run(inputs)).count == network.outputs.count)
  }

  @Test(
    "Kernels of every family are bound to their packed weights",
    arguments: [("direct", false), ("im2col", false), ("winograd", false), ("reference", true), ("decomposed", true)])
  func families(family: String, isSlow: Bool) throws {
    let graph =
      isSlow
      ? try CompiledFileGraphs.small()
      : try #require(NetworkCatalog.entry(named: "squeezenet_1_1")).graph(height: 48, width: 48)
    let (bytes, network) = try Self.encode(graph, chooser: FamilyChooser(family: family))
    let inputs = Self.inputs(of: network)
    #expect(try Self.bits(Self.read(bytes).run(inputs)) == Self.bits(network.run(inputs)))
  }

  @Test("Every kind of layer comes back, with each kernel that solves it")
  func layers() throws {
    let registry = KernelRegistry.standardForTests
    func check(_ problem: some LayerProblem, _ candidate: Candidate) throws {
      var random = RandomSource(seed: 3)
      var graph = Graph(name: "layer")
      var inputs: [ValueID] = []
      for (index, shape) in problem.inputShapes.enumerated() {
        inputs.append(try graph.addInput("x\(index)", shape: shape))
      }
      graph.addOutput(
        try graph.addLayer("layer", problem, parameters: problem.randomParameters(from: &random), inputs: inputs))
      // The file is read back and compared before it is given.
      let bytes = try CompiledFile.encode(
        graph, registry: registry,
        options: CompilationOptions(
          choosers: [TableChooser(["layer": LayerChoice(candidate, source: .forced)])], passes: []),
        host: .current(), allowedError: 1
      ).bytes
      #expect(try Self.read(bytes).layers.contains { $0.choice.candidate.name == candidate.name })
    }
    func representatives(_ kernel: some LayerKernel) throws -> [any LayerProblem] {
      func problems<Problem: LayerProblem>(_ type: Problem.Type) throws -> [any LayerProblem] {
        try Problem.representatives().map(\.problem)
      }
      func of<Kernel: LayerKernel>(_ kernel: Kernel) throws -> [any LayerProblem] { try problems(Kernel.Problem.self) }
      return try of(kernel)
    }
    var seen: Set<String> = []
    for kernel in registry.allKernels {
      for problem in try representatives(kernel)
      where problem.operationCount.multiplyAccumulates < 1 << 21 && problem.activationElementCount < 1 << 17 {
        for answer in registry.answers(for: problem) {
          // One problem for each kernel; factors of matrices take long without optimisation.
          guard answer.kernel.family != "decomposed", let candidate = answer.candidates.first,
            seen.insert("\(answer.kernel) \(problem.key.operation)").inserted
          else { continue }
          try check(problem, candidate)
        }
      }
    }
    #expect(seen.count > 30)
  }

  @Test("Weights are in the file once: those that a kernel has packed are not there as the model has them")
  func size() throws {
    let graph = try #require(NetworkCatalog.entry(named: "shufflenet_v2_x0_5")).graph(height: 32, width: 32)
    let weights = graph.nodes.reduce(0) { sum, node in
      guard case .layer(let problem, _) = node.operation else { return sum }
      return sum + problem.parameterCount
    }
    let bytes = try Self.encode(graph).bytes
    #expect(bytes.count < 5 * weights)
  }

  @Test("Callers of another layout get the conversion that they need")
  func otherLayout() throws {
    let graph = try #require(NetworkCatalog.entry(named: "shufflenet_v2_x0_5")).graph(height: 32, width: 32)
    let (bytes, network) = try Self.encode(graph)
    let input = Self.inputs(of: network)[0]
    var turned = input
    let (channels, pixels) = (3, 32 * 32)
    let elements = input.elements
    turned.withMutableElements { turned in
      for channel in 0..<channels {
        for pixel in 0..<pixels { turned[pixel * channels + channel] = elements[channel * pixels + pixel] }
      }
    }
    let other = try Self.read(bytes, inputLayout: .channelsLast)
    #expect(try other.run([turned])[0].relativeDifference(from: network.run([input])[0]) < 1e-5)
  }

  // MARK: Other places

  @Test(
    "Another host, another instruction set and another version of the library are refused in one line that says the way out"
  )
  func otherPlaces() throws {
    let bytes = try Self.encode(CompiledFileGraphs.small()).bytes
    let here = try PlatformFingerprint.current()
    let file = try bytes.withUnsafeBytes { try CompiledFile(bytes: $0, name: "n.luthier", host: here) }
    try file.identity.check(host: here, path: "n.luthier")
    func refusal(_ host: PlatformFingerprint, _ library: LibraryVersion = .current) -> CompiledFileError? {
      #expect(throws: CompiledFileError.self) {
        try file.identity.check(host: host, library: library, path: "n.luthier")
      }
    }
    var other = here
    other.microarchitecture = "Zen 9"
    let host = try #require(refusal(other))
    #expect(host.isOfAnotherPlace && "\(host)".contains("Zen 9") && "\(host)".contains("compile it again"))
    other = here
    other.instructionSets.append("avx1024")
    #expect("\(try #require(refusal(other)))".contains("avx1024"))
    let library = try #require(refusal(here, LibraryVersion(9, 8, 7)))
    #expect(library.isOfAnotherPlace && "\(library)".contains("9.8.7"))
    // Packed weights do not depend on them.
    other = here
    other.l2Bytes *= 2
    other.logicalCores += 4
    try file.identity.check(host: other, path: "n.luthier")
  }

  @Test("Another format is refused with its number")
  func otherFormat() throws {
    var bytes = try Self.encode(CompiledFileGraphs.small()).bytes
    bytes[8] = 77
    let error = #expect(throws: CompiledFileError.self) { try Self.read(bytes) }
    #expect(error == .otherFormat(path: "n.luthier", found: 77, supported: CompiledFileLayout.format))
  }

  @Test("A kernel of another version, and one that is not there, are refused with the layer's name")
  func otherKernels() throws {
    let bytes = try Self.encode(CompiledFileGraphs.relu(), registry: CountingKernel.registry(version: 3)).bytes
    #expect(try Self.read(bytes, registry: CountingKernel.registry(version: 3)).layers.count > 0)
    for registry in [try CountingKernel.registry(version: 4), .standardForTests] {
      let error = try #require(throws: CompiledFileError.self) { try Self.read(bytes, registry: registry) }
      #expect(error.isOfAnotherPlace && "\(error)".contains("'layer'"))
    }
  }

  @Test("A kernel that errs is refused where no error was allowed")
  func errors() throws {
    let registry = try CountingKernel.registry(version: 1, isExact: false)
    let choice = LayerChoice(
      try registry.candidate(named: "test.counting", configuration: [:], for: CompiledFileGraphs.problem()),
      source: .forced)
    let chooser = TableChooser(["layer": choice])
    #expect(throws: CompiledFileError.self) {
      try Self.encode(CompiledFileGraphs.relu(), registry: registry, chooser: chooser)
    }
    let allowed = try Self.encode(CompiledFileGraphs.relu(), registry: registry, chooser: chooser, allowedError: 0.1)
    #expect(try Self.read(allowed.bytes, registry: registry).layers[0].choice.candidate.kernel == "test.counting")
  }

  // MARK: Packing

  @Test("Nothing is packed when a file is loaded")
  func nothingIsPacked() throws {
    let registry = try CountingKernel.registry(version: 1)
    let bytes = try Self.encode(CompiledFileGraphs.relu(), registry: registry).bytes
    let before = CountingKernel.packings.load(ordering: .relaxed)
    _ = try Self.read(bytes, registry: registry)
    #expect(before > 0 && CountingKernel.packings.load(ordering: .relaxed) == before)
  }

  @Test("A kernel that keeps numbers beside what it packs makes no file that computes something else")
  func keptNumbers() throws {
    let registry = try CountingKernel.registry(version: 1, keeps: .sumOfPacked)
    let error = try #require(throws: CompiledFileError.self) {
      try Self.encode(CompiledFileGraphs.relu(), registry: registry)
    }
    #expect("\(error)".contains("cannot be compiled"))
  }

  @Test("A kernel that reads its weights beside packing them finds them")
  func readWeights() throws {
    let registry = try CountingKernel.registry(version: 1, keeps: .sumOfWeights)
    let (bytes, network) = try Self.encode(CompiledFileGraphs.relu(), registry: registry)
    let inputs = Self.inputs(of: network)
    #expect(try Self.bits(Self.read(bytes, registry: registry).run(inputs)) == Self.bits(network.run(inputs)))
  }

  // MARK: Damage

  @Test("A file that is cut anywhere, at the borders of its sections, too, is refused in one line")
  func truncated() throws {
    let bytes = try Self.encode(CompiledFileGraphs.small()).bytes
    let file = try bytes.withUnsafeBytes { try CompiledFile(bytes: $0, name: "n.luthier", host: .current()) }
    var ends: Set<Int> = [0, 1, 7, 8, 9, 12, 16, 24, 32, 39, 40, 41, 64, bytes.count - 1]
    for section in file.sections.values {
      for end in [section.lowerBound, section.upperBound] { ends.formUnion([end - 1, end, end + 1]) }
    }
    for end in ends.sorted() where end < bytes.count {
      for candidate in [Array(bytes[..<end]), CompiledFileLayout.sealed(Array(bytes[..<end]))] {
        let error = try #require(throws: CompiledFileError.self, "cut at \(end)") { try Self.read(candidate) }
        #expect(!"\(error)".contains("\n"))
      }
    }
    #expect(throws: CompiledFileError.self) { try Self.read(bytes + [0]) }
  }

  @Test("Each byte of the tables counts, and weights that changed are found by who asks")
  func digests() throws {
    let bytes = try Self.encode(CompiledFileGraphs.small()).bytes
    let file = try bytes.withUnsafeBytes { try CompiledFile(bytes: $0, name: "n.luthier", host: .current()) }
    try file.checkWeights()
    let weights = try #require(file.sections[.weights])
    for position in stride(from: 0, to: weights.lowerBound, by: 3) {
      var damaged = bytes
      damaged[position] ^= 0x10
      #expect(throws: CompiledFileError.self) { try Self.read(damaged) }
    }
    var damaged = bytes
    damaged[weights.lowerBound] ^= 1
    let other = try damaged.withUnsafeBytes { try CompiledFile(bytes: $0, name: "n.luthier", host: .current()) }
    #expect(throws: CompiledFileError.self) { try other.checkWeights() }
  }

  @Test(
    "Five hundred mutations of each kind, whose digests are right, load or are refused in one line",
    arguments: 0..<4 as Range<UInt64>)
  func mutated(kind: UInt64) throws {
    let bytes = try Self.encode(CompiledFileGraphs.small()).bytes
    let file = try bytes.withUnsafeBytes { try CompiledFile(bytes: $0, name: "n.luthier", host: .current()) }
    let end = try #require(file.sections[.weights]).lowerBound
    var random = RandomSource(seed: 11 + kind)
    func below(_ limit: Int) -> Int { Int(random.next() >> 1) % limit }
    var loaded = 0
    for _ in 0..<500 {
      var damaged = bytes
      for _ in 0...below(3) {
        let place = below(end)
        switch kind {
        case 0: damaged[place] ^= 1 << UInt8(below(8))
        case 1: damaged[place] = [0, 1, 0x7f, 0x80, 0xff][below(5)]
        case 2:
          // A length that is far too large, where there may be one.
          for (index, byte) in [UInt8](repeating: 0xff, count: 1 + below(9)).enumerated() where place + index < end {
            damaged[place + index] = byte
          }
        default:
          let (from, count) = (below(end), 1 + below(24))
          for index in 0..<count where place + index < end && from + index < end {
            damaged[place + index] = bytes[from + index]
          }
        }
      }
      do {
        let network = try Self.read(CompiledFileLayout.sealed(damaged))
        loaded += 1
        if network.arenaSize < 1 << 20 {
          #expect(try network.run(Self.inputs(of: network)).count == network.outputs.count)
        }
      } catch { #expect(!"\(error)".contains("\n") && "\(error)".utf8.count < 4096) }
    }
    #expect(loaded < 500)
  }
}

/// Small graphs for files.
enum CompiledFileGraphs {
  static func problem() throws -> ConvolutionProblem {
    try ConvolutionProblem(
      batch: 1, inputChannels: 2, input: .init(height: 3, width: 3), outputChannels: 2,
      window: WindowGeometry(kernel: .init(1), stride: .init(1), pads: .init(0)))
  }

  /// One layer.
  static func relu() throws -> Graph {
    var random = RandomSource(seed: 2)
    var graph = Graph(name: "one layer")
    let problem = try problem()
    let input = try graph.addInput("x", shape: problem.inputShape)
    graph.addOutput(
      try graph.addLayer("layer", problem, parameters: problem.randomParameters(from: &random), inputs: [input]))
    return graph
  }

  /// Some layers, movements of each kind, and a constant.
  static func small() throws -> Graph {
    var builder = NetworkBuilder(name: "small", seed: 4)
    var value = try builder.input(batch: 1, channels: 4, height: 6, width: 6)
    value = try builder.convolutionUnit(value, outputs: 8, kernel: 3)
    value = try builder.shuffle(value, groups: 2)
    value = try builder.convolutionUnit(value, outputs: 8, kernel: 3, groups: 8)
    let half = try builder.channels(value, 2..<6)
    value = try builder.concatenate([half, try builder.convolution(value, outputs: 4, kernel: 1)])
    let scores = try builder.dense(builder.globalAveragePooling(value), outputs: 3)
    var graph = builder.finish([("scores", scores)])
    let constant = try graph.addConstant("constant", Tensor(shape: TensorShape([1, 3]), elements: [1, 2, 3]))
    let sum = try graph.addLayer(
      "sum", ElementwiseProblem(.add, TensorShape([1, 3]), TensorShape([1, 3])), inputs: [scores, constant])
    let turned = try graph.addMovement("turn", .transpose(permutation: [1, 0]), inputs: [sum])
    let padded = try graph.addMovement("pad", .pad(before: [1, 0], after: [0, 2], value: 0.5), inputs: [turned])
    graph.addOutput(
      try graph.addMovement("flat", .reshape, inputs: [padded], outputShape: TensorShape([12])))
    return graph
  }
}

/// A 1×1 convolution that counts how often it packs.
private struct CountingKernel: LayerKernel {
  /// What a kernel keeps beside its packed weights.
  enum Kept { case nothing, sumOfPacked, sumOfWeights }

  static let packings = Atomic(0)

  let identifier: KernelIdentifier = "test.counting"
  let version: Int
  let keeps: Kept
  let isExact: Bool

  static func registry(version: Int, keeps: Kept = .nothing, isExact: Bool = true) throws -> KernelRegistry {
    var registry = KernelRegistry.standardForTests
    try registry.register(CountingKernel(version: version, keeps: keeps, isExact: isExact))
    return registry
  }

  func applicability(to problem: ConvolutionProblem) -> Applicability {
    problem.isPointwise && problem.groups == 1 && !problem.epilogue.hasBias ? .applies : .refused("is not plain")
  }

  func expectedEfficiency(for problem: ConvolutionProblem) -> Double { 100 }

  func errorClass(for problem: ConvolutionProblem, configuration: KernelConfiguration) -> ErrorClass {
    isExact ? .exact() : .approximate(relativeError: 0)
  }

  func prepare(
    _ problem: ConvolutionProblem, configuration: KernelConfiguration, parameters: ConvolutionParameters
  ) throws -> any PreparedKernel {
    var added: Float = 0
    let filter = try PackedWeights(count: parameters.filter.shape.elementCount) { packed in
      Self.packings.wrappingAdd(1, ordering: .relaxed)
      parameters.filter.withElements { _ = packed.update(fromContentsOf: $0) }
      if keeps == .sumOfPacked { added = packed.reduce(0, +) }
    }
    if keeps == .sumOfWeights { added = parameters.filter.elements.reduce(0, +) }
    return Prepared(problem: problem, filter: filter, added: added)
  }

  private struct Prepared: PreparedKernel {
    let problem: ConvolutionProblem
    let filter: PackedWeights
    let added: Float

    func run(_ operands: LayerOperands, phase: Int, worker: Worker) {
      guard worker.index == 0 else { return }
      let pixels = problem.input.height * problem.input.width
      for output in 0..<problem.outputChannels {
        for pixel in 0..<pixels {
          var sum = added
          for input in 0..<problem.inputChannels {
            sum +=
              filter.start[output * problem.inputChannels + input] * operands.inputs[0].base[input * pixels + pixel]
          }
          operands.output.base[output * pixels + pixel] = sum
        }
      }
    }
  }
}
