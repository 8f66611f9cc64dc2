#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import HostPlatform
import LayerKernels
public import Network
import NetworkZoo
import ONNXModel
import StandardKernels

extension Deployment {
  /// How compiled networks' files are called.
  public static let compiledFileSuffix = ".luthier"

  /// Writes a compiled network: one file of the layers after the passes, their kernels and what these have packed, which
  /// ``loadModel(_:openSizes:)-(String,_)`` maps.
  ///
  /// The file is for this kind of host, this version of the library, and the sizes that the model and this deployment say; any number
  /// of threads may run it, but its kernels were chosen for ``threads``. It is written as a whole or not at all.
  ///
  /// - Returns: the network, ready to run.
  /// - Throws: ``CompiledFileError/notCompilable(model:reason:)`` when sizes are open or operators stand between the layers, and as
  ///   ``load(_:)-(String)``.
  @discardableResult
  public func compile(_ model: String, to path: String) throws -> CompiledNetwork {
    try checkOptions()
    guard !areSameFile(model, path) else {
      throw DeploymentError.option(
        name: "the file to write", value: "'\(path)'", allowed: "is any but the model, which would be lost")
    }
    let registry = try self.registry ?? KernelRegistry.standard()
    let (original, file) = try compiledGraph(of: model)
    let graph = try original.applying(GraphPass.standard)
    let notice = ModelNotice(model: graph.name)
    let (choosers, tunings) = try choosers(for: graph, registry: registry, notice: notice)
    let (bytes, network) = try CompiledFile.encode(
      graph, registry: registry,
      options: CompilationOptions(
        threads: threads, choosers: choosers, passes: [], inputLayout: inputLayout, memoryLimit: memoryLimit),
      host: .current(), model: file, allowedError: allowedError)
    try report(network, tunings: tunings)
    try AtomicFile.write(bytes, to: path)
    return network
  }

  /// The one network of layers that a model is, and how its file is known again.
  private func compiledGraph(of model: String) throws -> (Graph, CompiledFileIdentity.Model?) {
    guard NetworkCatalog.entry(named: model) == nil else { return (try graph(of: model), nil) }
    let file = try onnxModel(model)
    guard let types = try inputTypes(of: file) else {
      let open = file.inputs.first { $0.sizes?.contains(nil) ?? true }
      throw CompiledFileError.notCompilable(
        model: model,
        reason: "the sizes of its input '\(open?.name ?? "")' are open: give them (--shape, --input-size, --batch)")
    }
    let plan = try file.plan(inputs: types, operators: operators)
    guard let graph = plan.wholeGraph else {
      let names = plan.operatorNames
      let listed = names.prefix(3).joined(separator: ", ") + (names.count > 3 ? ", …" : "")
      throw CompiledFileError.notCompilable(
        model: model,
        reason: names.isEmpty
          ? "it is more than one network of layers on 32-bit floats; load the model itself"
          : "it has operators between its layers (\(listed)), which such a file cannot hold; load the model itself")
    }
    return (graph, Self.identity(ofFile: model))
  }

  private static func identity(ofFile path: String) -> CompiledFileIdentity.Model? {
    guard let bytes = try? PlainFile.read(path, limit: ONNXModel.maximumFileSize) else { return nil }
    return bytes.withUnsafeBytes { CompiledFileIdentity.Model($0) }
  }

  private func areSameFile(_ one: String, _ other: String) -> Bool {
    var (first, second) = (stat(), stat())
    guard PlainFile.objection(to: one) == nil, PlainFile.objection(to: other) == nil, stat(one, &first) == 0,
      stat(other, &second) == 0
    else { return false }
    return first.st_dev == second.st_dev && first.st_ino == second.st_ino
  }

  // MARK: Loading

  /// Whether a path names a compiled network: by its suffix, or by how the file begins.
  package static func isCompiledFile(_ path: String) -> Bool {
    if path.hasSuffix(compiledFileSuffix) { return true }
    guard path.contains("/") || path.contains("."), let (file, size) = try? PlainFile.open(path) else { return false }
    defer { close(file) }
    var start = [UInt8](repeating: 0, count: 8)
    return size >= start.count && read(file, &start, start.count) == start.count && isCompiled(start)
  }

  /// Whether bytes begin as a compiled network does.
  public static func isCompiled(_ bytes: some Collection<UInt8>) -> Bool {
    Array(bytes.prefix(8)).withUnsafeBytes { CompiledFileLayout.isMagic($0) }
  }

  /// Maps a compiled network, or packs anew from the model beside it where the file is of another host or version.
  ///
  /// - Throws: ``CompiledFileError``.
  func loadCompiledFile(_ path: String) throws -> LoadedModel {
    let host = try PlatformFingerprint.current()
    let file = try CompiledFile(path: path, host: host)
    do { return try load(file, host: host) } catch let error as CompiledFileError where error.isOfAnotherPlace {
      guard let model = besides(path), let known = file.identity.model, Self.identity(ofFile: model) == known else {
        throw error
      }
      say(.warning, "\(error.description); packed anew from \(model)")
      var deployment = self
      (deployment.batch, deployment.inputSize) = (nil, nil)
      for input in file.identity.inputs { deployment.shapes[input.name] = input.shape.dimensions }
      deployment.allowedError = file.identity.allowedError
      return try deployment.loadModel(model, openSizes: .fixed)
    }
  }

  /// Loads a compiled network from a copy of its file's bytes.
  ///
  /// - Throws: ``CompiledFileError``.
  public func loadCompiled(bytes: UnsafeRawBufferPointer, name: String) throws -> LoadedModel {
    let host = try PlatformFingerprint.current()
    return try load(CompiledFile(bytes: bytes, name: name, host: host), host: host)
  }

  /// The ONNX file that is called as a compiled network.
  private func besides(_ path: String) -> String? {
    guard path.hasSuffix(Self.compiledFileSuffix) else { return nil }
    return "\(path.dropLast(Self.compiledFileSuffix.count)).onnx"
  }

  private func load(_ file: CompiledFile, host: PlatformFingerprint) throws -> LoadedModel {
    try checkSizes()
    try checkFixed(file.identity, path: file.path)
    try file.identity.check(host: host, path: file.path)
    let registry = try self.registry ?? KernelRegistry.standard()
    let network = try file.network(
      registry: registry, threads: threads, inputLayout: inputLayout, memoryLimit: memoryLimit)
    if network.threads != file.identity.threads {
      say(
        .notice,
        "\(file.path) was compiled for \(file.identity.threads) \(file.identity.threads == 1 ? "thread" : "threads"), and \(network.threads) \(network.threads == 1 ? "runs" : "run") it: other kernels may be faster"
      )
    }
    if file.identity.allowedError > allowedError {
      say(.notice, "\(file.path) was compiled for an error up to \(Float(file.identity.allowedError)) at the outputs")
    }
    try report(network, tunings: nil)
    return LoadedModel(network)
  }

  /// Refuses options that say otherwise than the file: what is in it is not chosen again.
  private func checkFixed(_ identity: CompiledFileIdentity, path: String) throws(CompiledFileError) {
    func refuse(_ option: String, _ reason: String) -> CompiledFileError {
      .fixed(path: path, option: option, reason: reason)
    }
    let chosen = "its kernels were chosen when it was compiled"
    if family != nil { throw refuse("a kernel family", chosen) }
    if profile != nil { throw refuse("a profile", chosen) }
    guard allowedError == 0 || allowedError == identity.allowedError else {
      throw refuse("an error of \(Float(allowedError))", "it was compiled for \(Float(identity.allowedError))")
    }
    for input in identity.inputs {
      let sizes = input.shape.dimensions
      if let batch, let own = sizes.first, own != batch {
        throw refuse("a batch of \(batch)", "it takes \(input.shape)")
      }
      if let inputSize, sizes.count == 4, sizes[2] != inputSize.height || sizes[3] != inputSize.width {
        throw refuse("a size of \(inputSize.height)x\(inputSize.width)", "it takes \(input.shape)")
      }
    }
    for (name, shape) in shapes.sorted(by: { $0.key < $1.key }) {
      guard let input = identity.inputs.first(where: { $0.name == name }) else {
        throw refuse("a shape of '\(name)'", "it has no such input")
      }
      guard input.shape.dimensions == shape else {
        throw refuse(
          "a shape of \(shape.map(String.init).joined(separator: "x"))", "its '\(name)' takes \(input.shape)")
      }
    }
  }
}
