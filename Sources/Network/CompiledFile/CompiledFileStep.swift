import LayerKernels

/// Which kernel runs a step of a compiled network, and on which blocks.
struct CompiledFileStep {
  /// A step's name among those of a network; conversions may be called like nodes.
  struct Name: Hashable {
    let name: String
    let operation: String
  }

  let name: Name
  let kernel: KernelIdentifier
  let version: Int
  let configuration: KernelConfiguration
  /// How many threads share the step; nil for all.
  let threads: Int?
  let source: LayerChoice.Source
  /// The blocks of packed weights that the kernel asks for.
  let blocks: [Int]

  init(_ layer: CompiledLayer, blocks: [Int]) {
    name = Name(name: layer.name, operation: layer.operation)
    kernel = layer.choice.candidate.kernel
    version = layer.choice.candidate.version
    configuration = layer.choice.candidate.configuration
    threads = layer.choice.threads
    source = layer.choice.source
    self.blocks = blocks
  }

  func write(to writer: inout ByteWriter) {
    writer.write(name.name)
    writer.write(name.operation)
    writer.write(kernel.name)
    writer.write(count: version)
    let values = configuration.values.sorted { $0.key < $1.key }
    writer.write(count: values.count)
    for (name, value) in values {
      writer.write(name)
      writer.write(number: value)
    }
    writer.write(count: threads ?? 0)
    switch source {
    case .forced: writer.write(0 as UInt8)
    case .profile: writer.write(1 as UInt8)
    case .tuned: writer.write(2 as UInt8)
    case .nearest(let problem, let distance, _):
      writer.write(3 as UInt8)
      writer.write(problem.description)
      writer.write(distance)
    case .heuristic: writer.write(4 as UInt8)
    }
    writer.write(counts: blocks)
  }

  /// - Parameter file: what stands for the database from which a choice came, whose path is nobody's business here.
  init(from reader: inout ByteReader, file: String) throws(FileDamage) {
    name = Name(name: try reader.text(), operation: try reader.text())
    kernel = KernelIdentifier(try reader.text())
    version = try reader.count()
    var values: [String: Int] = [:]
    for _ in 0..<(try reader.entries(ofAtLeast: 9)) { values[try reader.text()] = try reader.number() }
    configuration = KernelConfiguration(values)
    let threads = try reader.count(upTo: CompilationOptions.allowedThreads.upperBound)
    self.threads = threads == 0 ? nil : threads
    switch try reader.byte() {
    case 0: source = .forced
    case 1: source = .profile(file: file)
    case 2: source = .tuned(file: file)
    case 3:
      let text = try reader.text()
      guard let problem = try? ProblemKey(parsing: text) else { throw FileDamage("a problem's key is none") }
      source = .nearest(problem: problem, distance: try reader.double(), file: file)
    case 4: source = .heuristic
    case let other: throw FileDamage("a choice is of kind \(other)")
    }
    blocks = try reader.counts()
  }
}

extension CompiledLayer {
  /// The operation that the step does.
  var operation: String { type(of: problem).operation }
}

/// Decides as a compiled network's file says.
struct CompiledFileChooser: KernelChooser {
  let path: String
  let steps: [CompiledFileStep.Name: CompiledFileStep]
  /// Whether kernels that err may be among them.
  let allowsErrors: Bool

  func choice(for layer: LayerContext, in registry: KernelRegistry) throws -> LayerChoice? {
    guard let step = steps[.init(name: layer.node, operation: type(of: layer.problem).operation)] else {
      // Conversions that callers of another layout need; they have no weights.
      if layer.problem is LayoutConversionProblem || layer.problem is RearrangementProblem { return nil }
      throw CompiledFileError.malformed(path: path, reason: "layer '\(layer.node)' has no kernel")
    }
    let candidate: Candidate
    do throws(KernelError) {
      candidate = try registry.candidate(named: step.kernel, configuration: step.configuration, for: layer.problem)
    } catch { throw CompiledFileError.otherKernel(path: path, layer: layer.node, reason: error.description) }
    guard candidate.version == step.version else {
      throw CompiledFileError.otherKernel(
        path: path, layer: layer.node,
        reason: "kernel \(candidate.kernel) is of version \(candidate.version) here, not \(step.version)")
    }
    guard allowsErrors || !candidate.errorClass.isApproximate else {
      throw CompiledFileError.malformed(
        path: path, reason: "kernel \(candidate.name) of layer '\(layer.node)' errs, and no error was allowed")
    }
    return LayerChoice(candidate, threads: step.threads, source: step.source)
  }
}
