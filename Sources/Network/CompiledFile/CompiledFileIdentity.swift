import HostPlatform
import LayerKernels
import TuningDatabase

/// Of what a file was compiled, by whom and for which host.
package struct CompiledFileIdentity: Equatable, Sendable {
  /// A value that callers provide or receive.
  package struct Port: Equatable, Sendable {
    package let name: String
    package let shape: TensorShape
  }

  /// The bytes of the model's file, to know it again.
  package struct Model: Equatable, Sendable {
    package let byteCount: Int
    package let digest: UInt64

    /// What a file of these bytes is known by.
    package init(_ bytes: UnsafeRawBufferPointer) {
      byteCount = bytes.count
      digest = CompiledFileLayout.digest(of: bytes)
    }

    init(byteCount: Int, digest: UInt64) {
      self.byteCount = byteCount
      self.digest = digest
    }
  }

  /// The version of the library.
  package var library: String
  /// The host, with its instruction set.
  package var host: PlatformFingerprint
  /// The name of the network.
  package var network: String
  /// The file of the model; nil where it was none.
  package var model: Model?
  /// What callers provide.
  package var inputs: [Port]
  /// The threads that it was compiled for.
  package var threads: Int
  /// How callers lay out images.
  package var inputLayout: TensorLayout
  /// The error that its profile was allowed to have.
  package var allowedError: Double

  /// Checks that the file can be used here.
  ///
  /// - Throws: ``CompiledFileError/otherLibrary(path:found:running:)``, ``CompiledFileError/otherHost(path:differences:)``.
  package func check(
    host: PlatformFingerprint, library: LibraryVersion = .current, path: String
  ) throws(CompiledFileError) {
    guard self.library == library.description else {
      throw .otherLibrary(path: path, found: String(self.library.prefix(40)), running: library.description)
    }
    // Packed weights follow from the instruction set and the numbers in the file; caches and cores change only what is fastest.
    if case .different(let differences) = self.host.compare(to: host) {
      throw .otherHost(path: path, differences: differences)
    }
  }

  func write(to writer: inout ByteWriter) {
    writer.write(library)
    for text in [host.vendor, host.microarchitecture, host.operatingSystem, host.architecture] { writer.write(text) }
    writer.write(host.instructionSets)
    for number in [
      host.family, host.model, host.l1DataBytes, host.l2Bytes, host.l3Bytes, host.physicalCores, host.logicalCores,
    ] { writer.write(number: number) }
    writer.write(network)
    writer.write(model == nil ? 0 : 1 as UInt8)
    if let model {
      writer.write(count: model.byteCount)
      writer.fixed(model.digest)
    }
    writer.write(count: inputs.count)
    for input in inputs {
      writer.write(input.name)
      writer.write(counts: input.shape.dimensions)
    }
    writer.write(count: threads)
    writer.write(inputLayout.rawValue)
    writer.write(allowedError)
  }

  init(
    library: String, host: PlatformFingerprint, graph: Graph, model: Model?, options: CompilationOptions,
    allowedError: Double
  ) {
    self.library = library
    self.host = host
    network = graph.name
    self.model = model
    inputs = graph.inputs.map { Port(name: graph[$0].name, shape: graph[$0].shape) }
    threads = options.threads
    inputLayout = options.inputLayout
    self.allowedError = allowedError
  }

  /// - Parameter here: any host, whose fields are replaced.
  init(from reader: inout ByteReader, like here: PlatformFingerprint) throws(FileDamage) {
    library = try reader.text()
    host = here
    host.vendor = try reader.text()
    host.microarchitecture = try reader.text()
    host.operatingSystem = try reader.text()
    host.architecture = try reader.text()
    host.instructionSets = try reader.texts()
    host.family = try reader.number()
    host.model = try reader.number()
    host.l1DataBytes = try reader.number()
    host.l2Bytes = try reader.number()
    host.l3Bytes = try reader.number()
    host.physicalCores = try reader.number()
    host.logicalCores = try reader.number()
    network = try reader.text()
    model = try reader.flag() ? Model(byteCount: try reader.count(), digest: try reader.fixed(UInt64.self)) : nil
    inputs = []
    for _ in 0..<(try reader.entries(ofAtLeast: 2)) {
      inputs.append(Port(name: try reader.text(), shape: try reader.shape()))
    }
    threads = try reader.count(upTo: CompilationOptions.allowedThreads.upperBound)
    guard let layout = TensorLayout(rawValue: try reader.text()), layout == .rowMajor || layout == .channelsLast else {
      throw FileDamage("no caller lays out images so")
    }
    inputLayout = layout
    allowedError = try reader.double()
    guard threads >= 1, (0...1).contains(allowedError) else {
      throw FileDamage("it has \(threads) threads and an error of \(allowedError)")
    }
    try reader.end()
  }
}
