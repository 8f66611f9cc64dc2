import LayerKernels
import Network
import NetworkDeployment
import ONNXModel

/// The options of both levels, checked.
struct LoadRequest {
  var threads: Int64 = 0
  var batch: Int64 = 0
  var height: Int64 = 0
  var width: Int64 = 0
  var profile: UnsafePointer<CChar>?
  var allowedError = 0.0
  var shapes: [String: [Int]] = [:]
  var takesChannelsLast = false

  /// Loads a model's file, or a network of the catalog.
  ///
  /// - Throws: one line that names the option, the file or the node.
  func load(_ model: UnsafePointer<CChar>, openSizes: Deployment.OpenSizes) throws -> Handle {
    let path = try SystemPath(model, option: "model")
    return try load { deployment in
      do { return try deployment.loadModel(path.text, openSizes: openSizes) } catch {
        throw InterfaceError(path.restored(in: "\(error)"))
      }
    }
  }

  /// Loads a model's bytes.
  ///
  /// - Throws: as ``load(_:openSizes:)-(UnsafePointer<CChar>,_)``.
  func load(_ bytes: UnsafeRawBufferPointer, openSizes: Deployment.OpenSizes) throws -> Handle {
    guard bytes.count <= ONNXModel.maximumFileSize else {
      throw InterfaceError("the model is \(bytes.count) bytes long; at most \(ONNXModel.maximumFileSize) are read")
    }
    if Deployment.isCompiled(bytes) { return try load { try $0.loadCompiled(bytes: bytes, name: "model") } }
    return try load {
      try $0.loadModel(ONNXModel(bytes: Array(bytes), name: "model"), openSizes: openSizes)
    }
  }

  /// Compiles a model's file, or a network of the catalog, to a file.
  ///
  /// - Throws: as ``load(_:openSizes:)-(UnsafePointer<CChar>,_)``.
  func compile(_ model: UnsafePointer<CChar>, to output: UnsafePointer<CChar>) throws {
    let path = try SystemPath(model, option: "model")
    let target = try SystemPath(output, option: "output", isFolderOrNamed: true)
    _ = try deploy { deployment, _ in
      do { try deployment.compile(path.text, to: target.text) } catch {
        throw InterfaceError(target.restored(in: path.restored(in: "\(error)")))
      }
    }
  }

  private func load(_ body: (Deployment) throws -> LoadedModel) throws -> Handle {
    try deploy { try handle(body($0), $1) }
  }

  private func deploy<Result>(_ body: (Deployment, _ profile: SystemPath?) throws -> Result) throws -> Result {
    var deployment = try deployment()
    let path = try profile.map { try SystemPath($0, option: "profile", isFolderOrNamed: true) }
    deployment.profile = path?.text
    do { return try body(deployment, path) } catch {
      throw path.map { InterfaceError($0.restored(in: "\(error)")) } ?? error
    }
  }

  /// A handle, once the network is what ``shapes`` say: the file of a model has been asked before.
  private func handle(_ model: LoadedModel, _ profile: SystemPath?) throws -> Handle {
    for (name, sizes) in shapes.sorted(by: { $0.key < $1.key }) {
      guard let input = model.inputs.first(where: { $0.name == name }) else {
        throw ModelInputError.unknown(name: name, known: model.inputs.map(\.name))
      }
      guard let own = input.sizes, model.wholeNetwork != nil, own != sizes.map(Optional.some) else { continue }
      throw ModelInputError.mismatch(
        name: name, expected: input.shapeText, found: sizes.map(String.init).joined(separator: "x"))
    }
    return Handle(model, takesChannelsLast: takesChannelsLast, profile: profile)
  }

  private func deployment() throws -> Deployment {
    var deployment = Deployment()
    deployment.threads = try Self.size("threads", threads, upTo: CompilationOptions.allowedThreads.upperBound) ?? 1
    deployment.batch = try Self.size("batch", batch, upTo: Deployment.allowedBatches.upperBound)
    let side = Deployment.allowedSides.upperBound
    switch (try Self.size("height", height, upTo: side), try Self.size("width", width, upTo: side)) {
    case (let height?, let width?): deployment.inputSize = (height: height, width: width)
    case (nil, nil): break
    case (let known, _):
      let missing = known == nil ? "height" : "width"
      throw InterfaceError("height is \(height) and width \(width); give \(missing), too, or leave both 0")
    }
    guard allowedError.isFinite, allowedError >= 0 else {
      throw InterfaceError("max_error is \(allowedError); allowed are numbers from 0, exact kernels only")
    }
    deployment.allowedError = allowedError
    deployment.shapes = shapes
    if takesChannelsLast { deployment.inputLayout = .channelsLast }
    return deployment
  }

  /// A number of an option; nil for 0, which says nothing.
  private static func size(_ option: String, _ value: Int64, upTo limit: Int) throws -> Int? {
    guard value != 0 else { return nil }
    guard let size = Int(exactly: value), (1...limit).contains(size) else {
      throw InterfaceError("\(option) is \(value); allowed are 1 to \(limit), or 0 for the default")
    }
    return size
  }
}

extension LoadRequest {
  /// `luthier_options`, as the header lays them out.
  private struct Options {
    var threads: Int32
    var profile: UnsafePointer<CChar>?
    var batch: Int32
    var height: Int32
    var width: Int32
    var channelsLast: Int32
  }

  /// The options of `luthier_load`.
  init(options: UnsafeRawPointer?) {
    guard let options = options?.assumingMemoryBound(to: Options.self).pointee else { return }
    threads = Int64(options.threads)
    batch = Int64(options.batch)
    height = Int64(options.height)
    width = Int64(options.width)
    profile = options.profile
    takesChannelsLast = options.channelsLast != 0
  }

  /// `luthier_load_options`, as the header lays them out.
  private struct LoadOptions {
    var size: UInt64 = 0
    var threads: Int64 = 0
    var batch: Int64 = 0
    var height: Int64 = 0
    var width: Int64 = 0
    var profile: UnsafePointer<CChar>?
    var maxError = 0.0
    var shapes: UnsafePointer<CShape>?
    var shapeCount: Int64 = 0
    var channelsLast: Int32 = 0
    var reserved: Int32 = 0
  }

  /// `luthier_shape`, as the header lays it out.
  private struct CShape {
    var input: UnsafePointer<CChar>?
    var rank: Int32
    var sizes: CSizes
  }

  /// The options of `luthier_load_model`.
  ///
  /// - Throws: ``InterfaceError`` that names the field.
  init(loadOptions: UnsafeRawPointer?) throws {
    guard let loadOptions else { return }
    let known = MemoryLayout<LoadOptions>.size
    let size = loadOptions.load(as: UInt64.self)
    guard size >= known, size <= 4096 else {
      throw InterfaceError(
        "size of luthier_load_options is \(size); set it to sizeof(luthier_load_options), which is at least \(known)")
    }
    let added = UnsafeRawBufferPointer(start: loadOptions + known, count: Int(size) - known)
    guard added.allSatisfy({ $0 == 0 }) else {
      throw InterfaceError("the options hold what this library does not know; it has API level \(luthierAPILevel())")
    }
    let options = loadOptions.load(as: LoadOptions.self)
    guard options.reserved == 0 else {
      throw InterfaceError("reserved of luthier_load_options is \(options.reserved); it has to be 0")
    }
    threads = options.threads
    batch = options.batch
    height = options.height
    width = options.width
    profile = options.profile
    allowedError = options.maxError
    takesChannelsLast = options.channelsLast != 0
    shapes = try Self.shapes(options.shapes, count: options.shapeCount)
  }

  private static func shapes(_ shapes: UnsafePointer<CShape>?, count: Int64) throws -> [String: [Int]] {
    guard (0...1024).contains(count) else { throw InterfaceError("shape_count is \(count); allowed are 0 to 1024") }
    guard count > 0 else { return [:] }
    guard let shapes else { throw InterfaceError("shapes is NULL, but shape_count is \(count)") }
    var result: [String: [Int]] = [:]
    for index in 0..<Int(count) {
      guard let input = shapes[index].input else { throw InterfaceError("the input of shapes[\(index)] is NULL") }
      let name = String(cString: input)
      let shape = try shapes[index].sizes.shape(rank: shapes[index].rank, of: "shapes['\(name)']")
      guard result.updateValue(shape.dimensions, forKey: name) == nil else {
        throw InterfaceError("shapes has input '\(name)' twice")
      }
    }
    return result
  }
}
