import HostPlatform
public import LayerKernels
public import Logging
public import ModelExecution
public import Network
import NetworkZoo
public import ONNXModel
import StandardKernels
import TensorOperators
import TuningDatabase

/// Loads networks for use: a model's file, a tuned profile, and defaults where there is none. Nothing is ever tuned here.
///
/// ```swift
/// var deployment = Deployment()
/// deployment.profile = "TuningDB/amd-zen5-2c-avx512.json"
/// let network = try deployment.load("shufflenet_v2_x1_0.onnx")
/// let scores = try network.run([image])
/// ```
public struct Deployment: Sendable {
  /// Threads that run the network.
  public var threads = 1
  /// A database file, or a folder of them, with the tuned profile; nil looks where `tune` writes by default. What is named has
  /// to be there, but a folder may be empty, and a database may hold nothing of this network or this host.
  public var profile: String?
  /// Images in a run, where the model leaves that open; nil means one.
  public var batch: Int?
  /// Rows and columns of the image, where the model leaves them open or is one of the catalog.
  public var inputSize: (height: Int, width: Int)?
  /// Whole shapes of an ONNX file's inputs by name, where it leaves sizes open; they go before ``batch`` and ``inputSize``.
  public var shapes: [String: [Int]] = [:]
  /// How callers lay out images.
  public var inputLayout = TensorLayout.rowMajor
  /// A kernel family that is to run wherever it applies, whatever was tuned; nil for none.
  public var family: String?
  /// The kernels to choose from; nil means the standard ones for this processor.
  public var registry: KernelRegistry?
  /// Who imports which operator of an ONNX file.
  public var operators = ONNXOperatorRegistry.standard
  /// The error at the outputs, relative to their largest value, within which a profile may have approximate kernels: the same
  /// number as `tune --max-error` was given. 0 means exact kernels only.
  public var allowedError = 0.0
  /// The most bytes that a run may take; nil means as much as this process can have. A network that needs more is refused.
  public var memoryLimit: Int?
  /// What to do about a layer that nobody has tuned.
  public var mode = Mode.fallBack
  /// A file that receives the problems that nobody has tuned, for `tune --misses`; nil for none. That it cannot be written is a
  /// warning in the log: the network serves all the same.
  public var missesFile: String?
  /// Where lines for the operator go.
  public var logger = Logger(label: "luthier")

  /// The folder of databases that come with a checkout, relative to where a program is started.
  public static let shippedFolder = "TuningDB"

  /// The environment variable that asks for a line a layer at loading.
  public static let verboseVariable = "LUTHIER_VERBOSE"

  /// What to do about a layer that nobody has tuned.
  public enum Mode: String, Sendable, CaseIterable {
    /// The nearest tuned problem serves, or the static cost model.
    case fallBack = "fall-back"
    /// Loading fails and lists what is missing.
    case strict
  }

  /// A deployment with one thread and the default database.
  public init() {}

  /// Loads an ONNX file, or a network of the catalog by its name, with weights from a seed.
  ///
  /// - Throws: ``ONNXError``, ``TuningDatabaseError``, ``KernelError``, ``CompilationError`` or
  ///   ``DeploymentError``, each a line that names what is wrong.
  public func load(_ model: String) throws -> CompiledNetwork {
    if Self.isCompiledFile(model), let network = try loadCompiledFile(model).wholeNetwork { return network }
    return try load(graph(of: model))
  }

  /// What becomes of the sizes that a model leaves open.
  public enum OpenSizes: Sendable {
    /// Each run may have others.
    case kept
    /// Each run may have others, unless ``batch``, ``inputSize`` and ``shapes`` say all of them: then those are for good.
    case keptUnlessTold
    /// They are for good what ``batch``, ``inputSize`` and ``shapes`` say, and 1 for a batch of which nobody says anything. Where that
    /// leaves one open, all stay so.
    case fixed
  }

  /// Loads an ONNX file of any operators, types and shapes, or a network of the catalog by its name, with weights from a seed.
  ///
  /// Where all sizes are known, from the file or from ``batch``, ``inputSize`` and ``shapes``, the model is planned at once;
  /// else by the first run, for the shapes of its inputs.
  ///
  /// - Throws: as ``load(_:)-(String)``.
  public func loadModel(_ model: String, openSizes: OpenSizes = .kept) throws -> LoadedModel {
    guard NetworkCatalog.entry(named: model) == nil else { return LoadedModel(try load(graph(of: model))) }
    if Self.isCompiledFile(model) { return try loadCompiledFile(model) }
    return try loadModel(onnxModel(model), openSizes: openSizes)
  }

  /// As ``loadModel(_:openSizes:)-(String,_)``, of a model that has been read.
  ///
  /// - Throws: as ``load(_:)-(String)``.
  public func loadModel(_ file: ONNXModel, openSizes: OpenSizes = .kept) throws -> LoadedModel {
    try checkOptions()
    // What callers lay out in another way is rearranged before the program: between its networks all is row-major.
    var inner = self
    inner.inputLayout = .rowMajor
    inner.profile = lastingProfile
    let notice = ModelNotice(model: file.name)
    let programs = ProgramCache(compiler: { [inner] in try inner.load($0, notice: notice) }) {
      try file.plan(inputs: $0, operators: operators)
    }
    // Where sizes are open the first inputs will tell them.
    guard let types = try inputTypes(of: file) else {
      return LoadedModel(file, programs: programs, inputLayout: inputLayout)
    }
    let isFixed = areFixed(openSizes, in: file)
    let plan = try file.plan(inputs: types, operators: operators)
    if isFixed, let graph = plan.wholeGraph {
      return LoadedModel(try load(graph), outputNames: file.outputs.map(\.name))
    }
    let outputTypes = plan.outputTypes
    try programs.keep(plan, for: types)
    return LoadedModel(
      file, inputTypes: isFixed ? types : nil, outputTypes: isFixed ? outputTypes : nil, loadedTypes: types,
      programs: programs, inputLayout: inputLayout)
  }

  /// The types of a model's inputs; nil where neither the file nor this deployment says all sizes.
  func inputTypes(of file: ONNXModel) throws -> [TensorType]? {
    do {
      return try file.inputTypes(batch: batch, inputSize: inputSize, shapes: shapes)
    } catch {
      if case .openInput = error { return nil }
      throw error
    }
  }

  func onnxModel(_ model: String) throws -> ONNXModel {
    if Self.isCompiledFile(model) { throw CompiledFileError.notTheModel(path: model) }
    guard model.contains("/") || model.contains(".") else {
      throw DeploymentError.unknownNetwork(name: model, known: NetworkCatalog.entries.map(\.name))
    }
    return try ONNXModel(contentsOf: model)
  }

  /// The networks of layers of an ONNX file or of a network of the catalog, as its maker wrote them: one, or those between which operators
  /// stand that no kernel computes.
  ///
  /// - Throws: as ``graph(of:)``.
  public func graphs(of model: String) throws -> [Graph] {
    guard NetworkCatalog.entry(named: model) == nil else { return [try graph(of: model)] }
    return try plan(of: model).graphs
  }

  /// A model as its file says it; of a network of the catalog as its file would say it.
  ///
  /// - Throws: ``ONNXError``, or ``DeploymentError/unknownNetwork(name:known:)`` when it is neither.
  public func file(of model: String) throws -> ONNXModel {
    guard NetworkCatalog.entry(named: model) == nil else {
      return try ONNXModel(bytes: ONNXModel.encode(graph(of: model)), name: model)
    }
    return try onnxModel(model)
  }

  /// An ONNX file as networks of layers with operators over tensors between them, for the sizes that it and this deployment say.
  ///
  /// - Throws: ``ONNXError``, or ``DeploymentError/unknownNetwork(name:known:)`` when there is no such file.
  public func plan(of model: String) throws -> ProgramPlan {
    let file = try onnxModel(model)
    return try file.plan(
      inputs: file.inputTypes(batch: batch, inputSize: inputSize, shapes: shapes), operators: operators)
  }

  /// Compiles a graph.
  ///
  /// - Throws: as ``load(_:)-(String)``.
  public func load(_ original: consuming Graph) throws -> CompiledNetwork {
    let notice = ModelNotice(model: original.name)
    return try load(original, notice: notice)
  }

  private func load(_ original: consuming Graph, notice: ModelNotice) throws -> CompiledNetwork {
    try checkOptions()
    let registry = try self.registry ?? KernelRegistry.standard()
    // The original's weights go with it: from here on only those that the passes leave are kept.
    let graph = try original.applying(GraphPass.standard)
    _ = consume original
    let (choosers, tunings) = try choosers(for: graph, registry: registry, notice: notice)
    let network = try CompiledNetwork(
      consume graph, registry: registry,
      options: CompilationOptions(
        threads: threads, choosers: choosers, passes: [], inputLayout: inputLayout, memoryLimit: memoryLimit))
    try report(network, tunings: tunings)
    return network
  }

  /// Says what an operator should know of a network that is ready, and fails in strict mode where a layer is not tuned.
  func report(_ network: CompiledNetwork, tunings: TuningStore?) throws {
    if let shortage = network.threadShortage { logger.warning("\(shortage)") }
    if let tunings { warnOfRefused(network, tunings) }
    if let missesFile { recordMisses(of: network, in: MissesFile(path: missesFile)) }
    if mode == .strict { try checkTuned(network) }
    if ProcessEnvironment.values(of: [Self.verboseVariable])[Self.verboseVariable] == "1" { logChoices(network) }
  }

  /// Who decides on the kernels of a graph as the passes leave it, and the database that was read for it.
  func choosers(
    for graph: Graph, registry: KernelRegistry, notice: ModelNotice
  ) throws -> (choosers: [any KernelChooser], tunings: TuningStore?) {
    var choosers: [any KernelChooser] = []
    var tunings: TuningStore?
    if let family { choosers.append(FamilyChooser(family: family)) }
    if family == nil {
      let key = graph.profileKey(threads: threads, allowedError: allowedError)
      var store = try openStore(registry, .network(fingerprint: key.fingerprint))
      var tuned = TunedChooser(store: store, key: key) { try? openStore(registry, .conversions) }
      if !tuned.answers(allOf: graph) {
        store = try openStore(registry, .everything)
        tuned = TunedChooser(store: store, key: key)
      }
      for warning in store.warnings { say(.warning, "\(warning)") }
      if !tuned.hasProfile {
        if let stale = store.stalenessOfProfile(key) {
          say(
            .warning,
            "the profile of \(graph.name) in \(stale.source) is not used: \(stale.reasons.map(\.description).joined(separator: ", "))"
          )
        }
        let errors = store.allowedErrors(besides: key).map { "\(Float($0))" }
        let other = errors.isEmpty ? "" : ", only for an error up to \(errors.joined(separator: " and "))"
        let allowed = allowedError > 0 ? " within an error of \(Float(allowedError))" : ""
        notice.once { model in
          say(
            .notice,
            "no tuned profile of \(model) for \(threads) \(threads == 1 ? "thread" : "threads")\(allowed) on this host\(other); defaults serve ('tune --platform this-host --network …' makes one)"
          )
        }
      }
      choosers.append(tuned)
      tunings = store
    }
    return (choosers, tunings)
  }

  /// The graph of an ONNX file that is one graph of layers, or of a network of the catalog, as its maker wrote it.
  ///
  /// - Throws: ``ONNXError``, or ``DeploymentError``.
  public func graph(of model: String) throws -> Graph {
    try checkSizes()
    if let entry = NetworkCatalog.entry(named: model) {
      guard shapes.isEmpty else { throw DeploymentError.shapeOfCatalog(network: model) }
      return try entry.graph(batch: batch ?? 1, height: inputSize?.height, width: inputSize?.width)
    }
    return try onnxModel(model).graph(
      batch: batch, inputSize: inputSize, shapes: shapes, operators: operators)
  }

  private func openStore(_ registry: KernelRegistry, _ scope: ReadingScope) throws -> TuningStore {
    let library = try RunningLibrary(registry, host: PlatformFingerprint.current())
    let user = DatabaseLocation.user(path: profile)
    return try TuningStore.open(
      user: user, shipped: profile == nil ? Self.shippedFolder : nil, library: library, scope: scope)
  }

  /// A line for the operator. Names in it come from files: none may steer a terminal, or begin another line.
  func say(_ level: Logger.Level, _ text: String) {
    logger.log(level: level, "\(text.withoutControls())")
  }

  /// Says which choices of a database its kernels refuse, so that others serve.
  private func warnOfRefused(_ network: CompiledNetwork, _ store: TuningStore) {
    var seen: Set<ProblemKey> = []
    for layer in network.layers where seen.insert(layer.problem.key).inserted {
      if case .profile = layer.choice.source { continue }
      guard let refused = store.refusedWinner(of: layer.problem.key, threads: network.threads) else { continue }
      say(
        .warning,
        "\(refused.candidate) for \(layer.problem.key) in \(refused.source) is not used: \(refused.reason); \(layer.choice.candidate.name) serves"
      )
    }
  }

  /// Notes what nobody has tuned. A full disk, a lock that is held, a file of something else: nobody waits for a list that is for
  /// later, so what is in the way of it is said, and the network serves.
  private func recordMisses(of network: CompiledNetwork, in file: MissesFile) {
    let misses = Self.untuned(network).map { MissesFile.Miss(problem: $0.problem.key, threads: network.threads) }
    do throws(MissesFileError) {
      let count = try file.record(misses, patience: .seconds(5))
      if count > 0 { say(.notice, "\(count) problems that nobody has tuned were added to \(file.path)") }
    } catch {
      say(.warning, "problems that nobody has tuned are not recorded: \(error)")
    }
  }

  private func checkTuned(_ network: CompiledNetwork) throws(DeploymentError) {
    let missing = Self.untuned(network)
    guard missing.isEmpty else { throw .notTuned(layers: missing.map { "\($0.name) (\($0.problem.key))" }) }
  }

  /// Layers whose choice comes from no tuning of their problem.
  private static func untuned(_ network: CompiledNetwork) -> [CompiledLayer] {
    network.layers.filter { layer in
      switch layer.choice.source {
      case .heuristic, .nearest: !layer.isConversion
      case .forced, .profile, .tuned: false
      }
    }
  }

  private func logChoices(_ network: CompiledNetwork) {
    for layer in network.layers {
      // At the level that every handler shows: somebody has asked for it.
      say(.notice, "\(layer.name): \(layer.problem.key): \(layer.choice.candidate.name) [\(layer.choice.source)]")
    }
  }
}

/// Why a network cannot be deployed as asked.
public enum DeploymentError: Error, Equatable, CustomStringConvertible {
  /// The name is neither a file nor a network of the catalog.
  case unknownNetwork(name: String, known: [String])
  /// An option is outside its range.
  case option(name: String, value: String, allowed: String)
  /// Nothing is where the profile was said to be.
  case noProfile(path: String)
  /// A whole shape was asked of a network of the catalog, which takes images of any size.
  case shapeOfCatalog(network: String)
  /// In strict mode: layers without a tuned choice.
  case notTuned(layers: [String])

  /// One line that names what is wrong and the way out.
  public var description: String {
    switch self {
    case .unknownNetwork(let name, let known):
      "no network is called '\(name)'; give an ONNX file or one of \(known.joined(separator: ", "))"
    case .option(let name, let value, let allowed): "\(name) is \(value); allowed \(allowed)"
    case .noProfile(let path):
      "there is no tuned database at \(path); 'tune --database' makes one, and without a profile the defaults serve"
    case .shapeOfCatalog(let network):
      "\(network) is a network of the catalog: give its sizes by --input-size and --batch, not by --shape"
    case .notTuned(let layers):
      "strict mode: \(layers.count) layers are not tuned on this host: \(layers.joined(separator: "; "))"
    }
  }
}
