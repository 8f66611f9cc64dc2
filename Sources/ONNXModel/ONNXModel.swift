import FoundationEssentials
import HostPlatform
public import LayerKernels
public import Network
import SwiftProtobuf

/// An ONNX file that has been read: operators by name, weights where they lie in the file.
///
/// Reads opset 9 to 21. Weights are not copied: tensors borrow the mapped file. The classes of Generated/ come from onnx.proto
/// of ONNX 1.23 by `protoc --swift_opt=Visibility=Internal`.
public struct ONNXModel: Sendable {
  /// An input that a caller provides; open sizes are nil.
  public struct Input: Hashable, Sendable {
    /// The name in the file.
    public let name: String
    /// The sizes; nil where the file leaves them open.
    public let sizes: [Int?]
    /// Whether the elements are 32-bit floats; other inputs have to be given as constants.
    public let isFloat: Bool
  }

  /// The name: that of the file without its ending, or of the graph.
  public let name: String
  /// The inputs that are no initializers.
  public let inputs: [Input]
  /// The version of the standard operators.
  public let opset: Int

  let graph: Onnx_GraphProto
  let constants: [String: ConstantTensor]

  /// The largest file that is read, in bytes.
  public static let maximumFileSize = Int(Int32.max)
  /// The versions of the standard operators that are read.
  public static let supportedOpsets = 1...23

  /// The operators that the graph uses, as often as it does; of domains other than the standard one with the domain before.
  public var operatorNames: [String] {
    graph.node.map { $0.domain.isEmpty || $0.domain == "ai.onnx" ? $0.opType : "\($0.domain).\($0.opType)" }
  }

  /// Reads a file.
  ///
  /// - Throws: ``ONNXError``.
  public init(contentsOf path: String) throws(ONNXError) {
    let file = try MappedFile(path, limit: Self.maximumFileSize)
    let last = path.split(separator: "/").last.map(String.init) ?? path
    let stem = last.hasSuffix(".onnx") ? String(last.dropLast(5)) : last
    // Of a model that is called just that, as test cases are, the folder says more.
    let folder = path.split(separator: "/").dropLast().last.map(String.init)
    try self.init(file.bytes, owner: file, source: path, name: stem == "model" ? folder ?? stem : stem)
  }

  /// Reads bytes.
  ///
  /// - Throws: ``ONNXError``.
  public init(bytes: [UInt8], name: String) throws(ONNXError) {
    let copy = OwnedBytes(bytes)
    try self.init(copy.bytes, owner: copy, source: name, name: name)
  }

  private init(
    _ bytes: UnsafeRawBufferPointer, owner: any MemoryLender, source: String, name: String
  ) throws(ONNXError) {
    if let kind = ForeignFile.kind(of: bytes) { throw .malformed(name: source, reason: kind) }
    let scanner = try WeightScanner(bytes, name: source)
    let model: Onnx_ModelProto
    do {
      model = try Onnx_ModelProto(serializedBytes: scanner.remainder)
    } catch { throw .malformed(name: source, reason: "it is no ONNX model, or it is cut short") }
    guard model.hasGraph else { throw .malformed(name: source, reason: "it has no graph") }
    let versions = model.opsetImport.filter { $0.domain.isEmpty || $0.domain == "ai.onnx" }.map(\.version)
    let opset = versions.max().flatMap { Int(exactly: $0) } ?? 1
    guard Self.supportedOpsets.contains(opset) else {
      throw .malformed(
        name: source, reason: "it needs opset \(opset); 9 to \(Self.supportedOpsets.upperBound) are read")
    }
    var constants: [String: ConstantTensor] = [:]
    guard scanner.ranges.count == model.graph.initializer.count else {
      throw .malformed(name: source, reason: "its initializers cannot be told apart")
    }
    for (tensor, range) in zip(model.graph.initializer, scanner.ranges) {
      let raw = range.map { RawData(bytes: UnsafeRawBufferPointer(rebasing: bytes[$0]), owner: owner) }
      constants[tensor.name] = try ConstantTensor(tensor, raw: raw)
    }
    self.name = name
    self.opset = opset
    graph = model.graph
    self.constants = constants
    inputs = model.graph.input.filter { constants[$0.name] == nil }.map { value in
      Input(
        name: value.name,
        sizes: value.type.tensorType.shape.dim.map { size in
          if case .dimValue(let count)? = size.value, count > 0 { Int(count) } else { nil }
        }, isFloat: value.type.tensorType.elemType == Int32(Onnx_TensorProto.DataType.float.rawValue))
    }
  }

  /// The network as a graph of layers, once all sizes are known.
  ///
  /// - Parameters:
  ///   - batch: the first size of inputs that leave it open; nil means 1.
  ///   - inputSize: rows and columns of inputs of rank 4 that leave them open.
  ///   - shapes: whole shapes of inputs by name; they win over everything.
  ///   - constants: inputs that are to be taken for constants, by name.
  ///   - operators: who imports which operator.
  /// - Throws: ``ONNXError`` that names the node, tensor or input.
  public func graph(
    batch: Int? = nil, inputSize: (height: Int, width: Int)? = nil, shapes: [String: [Int]] = [:],
    constants fixed: [String: Tensor] = [:], operators: ONNXOperatorRegistry = .standard
  ) throws(ONNXError) -> Graph {
    try checkAsked(batch: batch, inputSize: inputSize, besides: Set(shapes.keys).union(fixed.keys))
    var importer = GraphImporter(self, operators: operators)
    for input in inputs {
      if let tensor = fixed[input.name] {
        importer.define(input.name, constant: ConstantTensor(tensor))
        continue
      }
      guard input.isFloat else {
        throw .unsupported(
          node: input.name, operatorName: "input", opset: opset, reason: "its elements are no 32-bit floats")
      }
      var sizes = input.sizes
      if let batch, !sizes.isEmpty { sizes[0] = sizes[0] ?? batch }
      if !sizes.isEmpty { sizes[0] = sizes[0] ?? 1 }
      if sizes.count == 4, let inputSize {
        sizes[2] = sizes[2] ?? inputSize.height
        sizes[3] = sizes[3] ?? inputSize.width
      }
      let whole = shapes[input.name] ?? sizes.compactMap { $0 }
      guard shapes[input.name] != nil || whole.count == sizes.count else {
        let text = sizes.map { $0.map(String.init) ?? "?" }.joined(separator: "x")
        throw .openInput(name: input.name, shape: text)
      }
      try importer.addInput(input.name, sizes: whole)
    }
    return try importer.run()
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
