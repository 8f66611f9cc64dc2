import HostPlatform
import LayerKernels

/// A compiled network's file in memory, whose header, digest and identity have been checked.
///
/// ```swift
/// let file = try CompiledFile(path: "network.luthier", host: .current())
/// let network = try file.network(registry: .standard(), threads: 2)
/// ```
package struct CompiledFile: Sendable {
  /// What messages call the file.
  package let path: String
  /// Of what it was compiled, by whom and for which host.
  package let identity: CompiledFileIdentity
  /// Where its parts are.
  package let sections: [CompiledFileLayout.Section: Range<Int>]
  private let memory: CompiledFileMemory
  private let weightsDigest: UInt64

  /// The most planes, images times channels, that the values of a network may have together.
  private static let maximumPlaneCount = 1 << 24

  /// Maps a file.
  ///
  /// - Parameter host: this machine.
  /// - Throws: ``CompiledFileError``.
  package init(path: String, host: PlatformFingerprint) throws(CompiledFileError) {
    try self.init(CompiledFileMemory.of(path), path: path, host: host)
  }

  /// Takes a copy of a file's bytes.
  ///
  /// - Throws: ``CompiledFileError``.
  package init(bytes: UnsafeRawBufferPointer, name: String, host: PlatformFingerprint) throws(CompiledFileError) {
    try self.init(CompiledFileMemory(copying: bytes), path: name, host: host)
  }

  private init(_ memory: CompiledFileMemory, path: String, host: PlatformFingerprint) throws(CompiledFileError) {
    let layout = try CompiledFileLayout(checking: memory.bytes, path: path)
    self.path = path
    self.memory = memory
    sections = layout.sections
    weightsDigest = layout.weightsDigest
    do throws(FileDamage) {
      var reader = ByteReader(Self.bytes(memory, layout.sections[.identity]))
      identity = try CompiledFileIdentity(from: &reader, like: host)
    } catch { throw .malformed(path: path, reason: error.reason) }
  }

  private static func bytes(_ memory: CompiledFileMemory, _ range: Range<Int>?) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: memory.bytes[range ?? 0..<0])
  }

  private func bytes(_ section: CompiledFileLayout.Section) -> UnsafeRawBufferPointer {
    Self.bytes(memory, sections[section])
  }

  /// Where the file lies in memory: the same for all who have it open.
  package var address: UnsafeRawPointer? { memory.bytes.baseAddress }

  /// Bytes of the weights.
  package var weightsSize: Int { sections[.weights]?.count ?? 0 }

  /// Reads all weights, which loading does not, and compares them with what was written.
  ///
  /// - Throws: ``CompiledFileError/malformed(path:reason:)``.
  package func checkWeights() throws(CompiledFileError) {
    guard CompiledFileLayout.digest(of: bytes(.weights)) == weightsDigest else {
      throw .malformed(path: path, reason: "its weights are not as they were written")
    }
  }

  /// The network, whose kernels have the file's packed weights.
  ///
  /// Whether the file can be used on this host is asked by ``CompiledFileIdentity/check(host:library:path:)``.
  ///
  /// - Throws: ``CompiledFileError``; ``CompilationError`` when its memory is beyond the limit.
  package func network(
    registry: KernelRegistry, threads: Int, inputLayout: TensorLayout = .rowMajor, memoryLimit: Int? = nil
  ) throws -> CompiledNetwork {
    guard CompilationOptions.allowedThreads.contains(threads) else {
      throw CompilationError.threads(threads, allowed: CompilationOptions.allowedThreads)
    }
    let graph: Graph
    let bound: BoundWeights
    do {
      let blocks = try MappedBlocks(bytes(.blocks), in: memory, sections[.weights] ?? 0..<0)
      let steps = try steps()
      bound = try BoundWeights(steps, blocks, path: path)
      var decoder = GraphDecoder(
        bytes(.graph), blocks: blocks, steps: steps, registry: registry, withheld: bound.withheld)
      graph = try decoder.decode()
      try Self.checkPlanes(graph)
    } catch let error as FileDamage {
      throw CompiledFileError.malformed(path: path, reason: error.reason)
    } catch let error as CompiledFileError { throw error } catch {
      throw CompiledFileError.malformed(path: path, reason: "\(error)")
    }
    try Self.checkMemory(graph, limit: memoryLimit)
    var options = CompilationOptions(
      threads: threads,
      choosers: [
        CompiledFileChooser(path: path, steps: bound.steps, allowsErrors: identity.allowedError > 0)
      ],
      passes: [], inputLayout: inputLayout, memoryLimit: memoryLimit)
    options.packing = .bound(bound)
    do { return try CompiledNetwork(graph, registry: registry, options: options) } catch let error as KernelError {
      throw CompiledFileError.malformed(path: path, reason: error.description)
    }
  }

  private func steps() throws(FileDamage) -> [CompiledFileStep.Name: CompiledFileStep] {
    var reader = ByteReader(bytes(.steps))
    var steps: [CompiledFileStep.Name: CompiledFileStep] = [:]
    for _ in 0..<(try reader.entries(ofAtLeast: 8)) {
      let step = try CompiledFileStep(from: &reader, file: path)
      guard steps.updateValue(step, forKey: step.name) == nil else {
        throw FileDamage("two steps are called '\(step.name.name)'")
      }
    }
    try reader.end()
    return steps
  }

  /// Lists of planes are made before anybody knows the memory of a run.
  private static func checkPlanes(_ graph: Graph) throws(FileDamage) {
    var planes = 0
    for value in graph.values where value.shape.rank == 4 { planes += value.shape[0] * value.shape[1] }
    guard planes <= maximumPlaneCount else {
      throw FileDamage("its values have \(planes) planes; at most \(maximumPlaneCount) are possible")
    }
  }

  /// No single value may need more than there is.
  private static func checkMemory(_ graph: Graph, limit: Int?) throws(CompilationError) {
    let largest = graph.values.reduce(0) { max($0, $1.shape.elementCount) } * MemoryLayout<Float>.stride
    guard limit != nil || largest > 16 << 20 else { return }
    let limit = limit ?? MemoryLimit.bytes
    guard largest <= limit else { throw .memoryLimit(needed: largest, limit: limit) }
  }
}
