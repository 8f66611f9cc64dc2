import FoundationEssentials
import HostPlatform
public import LayerKernels
public import ModelExecution
public import Network
import SwiftProtobuf
public import TensorOperators

/// An ONNX file that has been read: operators by name, weights where they lie in the file, or in the files beside it.
///
/// Weights are not copied: tensors borrow the mapped files. The classes of Generated/ come from onnx.proto of ONNX 1.23 by
/// `protoc --swift_opt=Visibility=Internal`.
public struct ONNXModel: Sendable {
  /// An input that a caller provides, or an output; open sizes are nil.
  public struct Port: Hashable, Sendable {
    /// The name in the file.
    public let name: String
    /// What the elements are; nil for what is no tensor of numbers or truth values, or where the file does not say.
    public let type: ElementType?
    /// The sizes; nil where the file leaves them open. Nil as a whole where not even their number is said.
    public let sizes: [Int?]?
    /// The names that the file gives open sizes, `batch`; nil for those without and for sizes that are known.
    public let sizeNames: [String?]
  }

  /// The name: that of the file without its ending, or of the graph.
  public let name: String
  /// The inputs that are no initializers.
  public let inputs: [Port]
  /// The outputs, as far as the file says what they are.
  public let outputs: [Port]
  /// The versions of the domains of operators; the standard domain's name is empty.
  public let opsets: [String: Int]
  /// The version of the file format.
  public let formatVersion: Int

  /// The version of the standard operators.
  public var opset: Int { opsets[""] ?? 1 }

  let graph: Onnx_GraphProto
  let functions: [String: Onnx_FunctionProto]
  let constants: [String: TypedTensor]

  /// The largest file that is read, in bytes.
  public static let maximumFileSize = Int(Int32.max)
  /// The version of the standard operators up to which all definitions are known; of later ones those that have not changed.
  public static let latestOpset = 28

  /// The operators that the graph uses, as often as it does; of domains other than the standard one with the domain before.
  public var operatorNames: [String] {
    graph.node.map(\.qualifiedName)
  }

  /// The elements of the weights and other constants that its nodes read, among them floats that are nodes or stand in branches.
  public var parameterCount: Int {
    constants.values.reduce(graph.innerFloatCount(depth: 0)) { $0.addingSaturated($1.shape.elementCount) }
  }

  /// Reads a file, and what its tensors need of the files beside it.
  ///
  /// - Throws: ``ONNXError``.
  public init(contentsOf path: String) throws(ONNXError) {
    let file = try MappedFile(path, limit: Self.maximumFileSize)
    let last = path.split(separator: "/").last.map(String.init) ?? path
    let stem = last.hasSuffix(".onnx") ? String(last.dropLast(5)) : last
    // Of a model that is called just that, as test cases are, the folder says more.
    let folder = path.split(separator: "/").dropLast().last.map(String.init)
    try self.init(
      file.bytes, owner: file, source: path, name: stem == "model" ? folder ?? stem : stem,
      external: ExternalData(beside: path))
  }

  /// Reads bytes.
  ///
  /// - Throws: ``ONNXError``.
  public init(bytes: [UInt8], name: String) throws(ONNXError) {
    let copy = OwnedBytes(bytes)
    try self.init(copy.bytes, owner: copy, source: name, name: name, external: nil)
  }

  private init(
    _ bytes: UnsafeRawBufferPointer, owner: any MemoryLender, source: String, name: String, external: ExternalData?
  ) throws(ONNXError) {
    if let kind = ForeignFile.kind(of: bytes) { throw .malformed(name: source, reason: kind) }
    let scanner = try WeightScanner(bytes, name: source)
    var model: Onnx_ModelProto
    do {
      model = try Onnx_ModelProto(serializedBytes: scanner.remainder)
    } catch { throw .malformed(name: source, reason: "it is no ONNX model, or it is cut short") }
    guard model.hasGraph else { throw .malformed(name: source, reason: "it has no graph") }
    guard scanner.ranges.count == model.graph.initializer.count else {
      throw .malformed(name: source, reason: "its initializers cannot be told apart")
    }
    if let external { try external.embed(in: &model.graph.node) }
    // Of initializers that nobody reads not even the type counts.
    var read = Set(model.graph.output.map(\.name))
    for node in model.graph.node { read.formUnion(node.readNames) }
    var constants: [String: TypedTensor] = [:]
    for (tensor, range) in zip(model.graph.initializer, scanner.ranges) where read.contains(tensor.name) {
      var raw = range.map { RawData(bytes: UnsafeRawBufferPointer(rebasing: bytes[$0]), owner: owner) }
      if tensor.dataLocation == .external, let external { raw = try external.raw(of: tensor) }
      constants[tensor.name] = try TypedTensor(tensor, raw: raw)
    }
    self.name = name
    opsets = ModelScope.opsets(of: model.opsetImport)
    formatVersion = Int(clamping: model.irVersion)
    graph = model.graph
    functions = Dictionary(
      model.functions.map { (ModelScope.key($0.domain, $0.name, $0.overload), $0) },
      uniquingKeysWith: { first, _ in first })
    self.constants = constants
    let initializers = Set(model.graph.initializer.map(\.name))
    inputs = model.graph.input.filter { !initializers.contains($0.name) }.map { Port($0) }
    outputs = model.graph.output.map { Port($0) }
  }

  /// The model as a program for inputs of the given types, in the order of ``inputs``.
  ///
  /// - Parameters:
  ///   - constants: inputs that are to be taken for constants, by name; their types are still given.
  ///   - operators: who makes layers of which operator.
  /// - Throws: ``ONNXError`` that names the node, tensor or input.
  public func plan(
    inputs types: [TensorType], constants fixed: [String: TypedTensor] = [:],
    operators: ONNXOperatorRegistry = .standard
  ) throws(ONNXError) -> ProgramPlan {
    guard types.count == inputs.count else {
      throw .graph(reason: "it has \(inputs.count) inputs, but the types of \(types.count) were given")
    }
    let scope = ModelScope(name: name, opsets: opsets, functions: functions, operators: operators)
    do {
      var planner = try ModelPlanner(
        graph.node.map { ScopedNode($0, scope: scope) }, scope: scope,
        inputs: Array(zip(inputs, types)).map { (name: $0.name, type: $1) },
        constants: constants.merging(fixed) { $1 }, outputs: graph.output.map(\.name))
      return try planner.plan()
    } catch let error as ONNXError { throw error } catch { throw .graph(reason: "\(error)") }
  }

  /// The types of the inputs, once all sizes are known.
  ///
  /// - Parameters:
  ///   - batch: the first size of inputs that leave it open; nil means 1.
  ///   - inputSize: rows and columns of images that leave them open.
  ///   - shapes: whole shapes of inputs by name, where the model leaves sizes open; they go before the other two.
  /// - Throws: ``ONNXError`` that names the input: that a size is open, and that another is asked for than the model fixes.
  public func inputTypes(
    batch: Int? = nil, inputSize: (height: Int, width: Int)? = nil, shapes: [String: [Int]] = [:]
  ) throws(ONNXError) -> [TensorType] {
    let asked = AskedSizes(batch: batch, inputSize: inputSize, shapes: shapes)
    try asked.check(against: inputs)
    var types: [TensorType] = []
    for input in inputs {
      guard let type = input.type else {
        throw .unsupported(
          node: input.name, operatorName: "input", opset: opset,
          reason: "its elements are no numbers or truth values; only tensors of those are supported")
      }
      guard let sizes = asked.sizes(of: input) else { throw .openInput(name: input.name, shape: "of any rank") }
      let whole = sizes.compactMap { $0 }
      guard whole.count == sizes.count else { throw .openInput(name: input.name, shape: AskedSizes.text(sizes)) }
      do { types.append(TensorType(type, try TensorShape(whole))) } catch {
        throw .graph(reason: "input '\(input.name)': \(error)")
      }
    }
    return types
  }

  /// The network as one graph of layers, once all sizes are known.
  ///
  /// - Parameters:
  ///   - batch: the first size of inputs that leave it open; nil means 1.
  ///   - inputSize: rows and columns of images that leave them open.
  ///   - shapes: whole shapes of inputs by name, where the model leaves sizes open; they go before the other two.
  ///   - operators: who makes layers of which operator.
  /// - Throws: ``ONNXError`` that names the node, tensor or input; that it is more than one graph of layers, too.
  public func graph(
    batch: Int? = nil, inputSize: (height: Int, width: Int)? = nil, shapes: [String: [Int]] = [:],
    operators: ONNXOperatorRegistry = .standard
  ) throws(ONNXError) -> Graph {
    let types = try inputTypes(batch: batch, inputSize: inputSize, shapes: shapes)
    let plan = try plan(inputs: types, operators: operators)
    guard let graph = plan.wholeGraph else {
      throw .notOneGraph(name: name, operators: plan.operatorNames)
    }
    return graph
  }
}

extension ONNXModel.Port {
  init(_ value: Onnx_ValueInfoProto) {
    let tensor = value.type.tensorType
    let isTensor = if case .tensorType? = value.type.value { true } else { false }
    name = value.name
    type = isTensor ? ElementType(number: tensor.elemType) : nil
    sizes =
      isTensor && tensor.hasShape
      ? tensor.shape.dim.map { size in
        if case .dimValue(let count)? = size.value, count >= 0 { Int(count) } else { nil }
      } : nil
    sizeNames = tensor.shape.dim.map { size in
      if case .dimParam(let name)? = size.value, !name.isEmpty { name } else { nil }
    }
  }
}

/// Bytes at an address that does not move.
///
/// `@unchecked Sendable`: written only in the initialiser.
private final class OwnedBytes: MemoryLender, @unchecked Sendable {
  let bytes: UnsafeRawBufferPointer

  init(_ source: [UInt8]) {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: max(source.count, 1), alignment: 64)
    memory.copyBytes(from: source)
    bytes = UnsafeRawBufferPointer(start: memory.baseAddress, count: source.count)
  }

  func release(_ bytes: UnsafeRawBufferPointer) {}

  deinit { bytes.deallocate() }
}
