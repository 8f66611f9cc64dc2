import LayerKernels

/// The packed weights of a file for each step of a network.
package struct BoundWeights: Sendable {
  private struct Step: Sendable {
    let blocks: [PackedBlock]
    let withheld: WithheldElements
  }

  let path: String
  let steps: [CompiledFileStep.Name: CompiledFileStep]
  private let bound: [CompiledFileStep.Name: Step]
  /// What is told, by the node's name, when somebody asks for weights that the file leaves out.
  let withheld: [String: WithheldElements]

  init(_ steps: [CompiledFileStep.Name: CompiledFileStep], _ blocks: MappedBlocks, path: String) throws(FileDamage) {
    self.path = path
    self.steps = steps
    var bound: [CompiledFileStep.Name: Step] = [:]
    var withheld: [String: WithheldElements] = [:]
    for (name, step) in steps {
      var own: [PackedBlock] = []
      for index in step.blocks { own.append(try blocks[index]) }
      let elements = withheld[name.name] ?? WithheldElements()
      withheld[name.name] = elements
      bound[name] = Step(blocks: own, withheld: elements)
    }
    self.bound = bound
    self.withheld = withheld
  }

  /// Prepares a step's kernel on its blocks; what the file does not know has no weights.
  ///
  /// - Throws: ``CompiledFileError``, what the kernel throws.
  func prepare(
    _ step: CompiledFileStep.Name, _ candidate: Candidate, _ parameters: any Sendable
  ) throws -> any PreparedKernel {
    guard let found = bound[step] else { return try candidate.prepare(parameters: parameters) }
    do {
      let kernel = try PackedBlockSupply(found.blocks).bind { try candidate.prepare(parameters: parameters) }
      guard !found.withheld.wereAskedFor else {
        throw CompiledFileError.malformed(
          path: path, reason: "layer '\(step.name)' lacks weights that its kernel needs")
      }
      return kernel
    } catch let error as PackedBlockError {
      throw CompiledFileError.malformed(path: path, reason: "layer '\(step.name)': \(error.description)")
    }
  }
}

/// How the kernels of a network get their packed weights.
package enum Packing: Sendable {
  /// They pack them.
  case packed
  /// They pack them, and what they have packed is noted.
  case recorded(PackingRecord)
  /// A file has them.
  case bound(BoundWeights)
}

/// What the kernels of each step have packed.
package final class PackingRecord: Sendable {
  private let steps = Lock<[Int: [PackedWeights]]>([:])

  /// A record of nothing.
  package init() {}

  /// What the kernel of a step has packed, in order.
  package func weights(ofStep index: Int) -> [PackedWeights] { steps.withLock { $0[index] ?? [] } }

  func note(_ weights: [PackedWeights], ofStep index: Int) { steps.withLock { $0[index] = weights } }
}
