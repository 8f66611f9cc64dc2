import Foundation
import Luthier

/// A model written field by field, as ONNX files hold it (onnx.proto): what no exporter of ours writes.
struct WrittenModel {
  /// An attribute's value.
  enum Attribute: Sendable {
    case integer(Int)
    case float(Float)
    case integers([Int])
    case text(String)
    case texts([String])
    case tensor(TypedTensor)
    case graph(WrittenGraph)
    /// An attribute of the function around the node.
    case reference(String)
  }

  struct Node: Sendable {
    var operatorName: String
    var inputs: [String]
    var outputs: [String]
    var attributes: [String: Attribute] = [:]
    var domain = ""
  }

  struct Function {
    var name: String
    var inputs: [String]
    var outputs: [String]
    var attributes: [String] = []
    var nodes: [Node]
  }

  /// Where a tensor's data lie outside the model.
  struct External: Sendable {
    var location: String
    var offset: Int?
    var length: Int?
  }

  var graph: WrittenGraph
  var opset = 17
  var functions: [Function] = []

  var bytes: [UInt8] {
    var result = Self.field(1, 8) + Self.field(7, graph.bytes) + Self.field(8, Self.field(2, opset))
    if !functions.isEmpty { result += Self.field(8, Self.field(1, "test") + Self.field(2, 1)) }
    for function in functions {
      var part = Self.field(1, function.name) + Self.field(10, "test")
      for name in function.inputs { part += Self.field(4, name) }
      for name in function.outputs { part += Self.field(5, name) }
      for name in function.attributes { part += Self.field(6, name) }
      for node in function.nodes { part += Self.field(7, Self.bytes(node)) }
      part += Self.field(9, Self.field(2, opset)) + Self.field(9, Self.field(1, "test") + Self.field(2, 1))
      result += Self.field(25, part)
    }
    return result
  }

  /// Runs the model, from a file in a folder or from bytes that are put in one.
  func run(_ inputs: [TypedTensor], in folder: URL? = nil) throws -> [TypedTensor] {
    try loaded(in: folder).run(inputs)
  }

  /// Runs a model's bytes.
  static func run(_ bytes: [UInt8], _ inputs: [TypedTensor]) throws -> [TypedTensor] {
    try loaded(bytes).run(inputs)
  }

  func loaded(in given: URL? = nil) throws -> LoadedModel { try Self.loaded(bytes, in: given) }

  private static func loaded(_ bytes: [UInt8], in given: URL? = nil) throws -> LoadedModel {
    let folder = given ?? FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    if given == nil { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) }
    defer { if given == nil { try? FileManager.default.removeItem(at: folder) } }
    let file = folder.appendingPathComponent("written.onnx")
    try Data(bytes).write(to: file)
    var deployment = Deployment()
    deployment.logger.logLevel = .critical
    return try deployment.loadModel(file.path)
  }

  static func bytes(_ node: Node) -> [UInt8] {
    var result: [UInt8] = []
    for name in node.inputs { result += field(1, name) }
    for name in node.outputs { result += field(2, name) }
    result += field(3, "\(node.operatorName) \(node.outputs.first ?? "")") + field(4, node.operatorName)
    for (name, value) in node.attributes.sorted(by: { $0.key < $1.key }) {
      result += field(5, field(1, name) + encoded(value))
    }
    return result + field(7, node.domain)
  }

  private static func encoded(_ value: Attribute) -> [UInt8] {
    switch value {
    case .integer(let number): field(3, number) + field(20, 2)
    case .float(let number):
      variable(UInt64(2 << 3 | 5)) + withUnsafeBytes(of: number.bitPattern.littleEndian) { Array($0) } + field(20, 1)
    case .integers(let numbers): numbers.flatMap { field(8, $0) } + field(20, 7)
    case .text(let text): field(4, text) + field(20, 3)
    case .texts(let texts): texts.flatMap { field(9, $0) } + field(20, 8)
    case .tensor(let tensor): field(5, bytes(tensor, name: "value")) + field(20, 4)
    case .graph(let graph): field(6, graph.bytes) + field(20, 5)
    case .reference(let name): field(21, name) + field(20, 2)
    }
  }

  static func number(of type: ElementType) -> Int {
    switch type {
    case .f32: 1
    case .u8: 2
    case .s8: 3
    case .s32: 6
    case .s64: 7
    case .bool: 9
    case .f16: 10
    default: 11
    }
  }

  static func bytes(_ tensor: TypedTensor, name: String, external: External? = nil) -> [UInt8] {
    var result = tensor.shape.dimensions.flatMap { field(1, $0) }
    result += field(2, number(of: tensor.type)) + field(8, name)
    guard let external else { return result + field(9, tensor.withBytes { Array($0) }) }
    func entry(_ key: String, _ value: String) -> [UInt8] { field(13, field(1, key) + field(2, value)) }
    result += entry("location", external.location)
    if let offset = external.offset { result += entry("offset", "\(offset)") }
    if let length = external.length { result += entry("length", "\(length)") }
    return result + field(14, 1)
  }

  static func variable(_ number: UInt64) -> [UInt8] {
    number < 128 ? [UInt8(number)] : [UInt8(number & 127) | 128] + variable(number >> 7)
  }

  static func field(_ number: Int, _ value: Int) -> [UInt8] {
    variable(UInt64(number << 3)) + variable(UInt64(bitPattern: Int64(value)))
  }

  static func field(_ number: Int, _ bytes: [UInt8]) -> [UInt8] {
    variable(UInt64(number << 3 | 2)) + variable(UInt64(bytes.count)) + bytes
  }

  static func field(_ number: Int, _ text: String) -> [UInt8] { field(number, Array(text.utf8)) }
}

/// The graph of a written model or of one of its nodes.
struct WrittenGraph: Sendable {
  /// A name, the type of its elements and its sizes; nil is open.
  struct Port: Sendable {
    var name: String
    var type = ElementType.f32
    var sizes: [Int?]
  }

  var nodes: [WrittenModel.Node]
  var inputs: [Port] = []
  var outputs: [String]
  var constants: [String: TypedTensor] = [:]
  var external: [String: WrittenModel.External] = [:]
  /// What the file says of outputs, which are floats.
  var outputSizes: [String: [Int?]] = [:]

  var bytes: [UInt8] {
    typealias Model = WrittenModel
    var result: [UInt8] = []
    for node in nodes { result += Model.field(1, Model.bytes(node)) }
    result += Model.field(2, "graph")
    for (name, tensor) in constants.sorted(by: { $0.key < $1.key }) {
      result += Model.field(5, Model.bytes(tensor, name: name, external: external[name]))
    }
    for input in inputs { result += Model.field(11, Self.bytes(input)) }
    for output in outputs {
      let port = outputSizes[output].map { Self.bytes(Port(name: output, sizes: $0)) }
      result += Model.field(12, port ?? Model.field(1, output))
    }
    return result
  }

  private static func bytes(_ port: Port) -> [UInt8] {
    typealias Model = WrittenModel
    let sizes = port.sizes.flatMap { size in
      Model.field(1, size.map { Model.field(1, $0) } ?? Model.field(2, "open"))
    }
    let type = Model.field(1, Model.field(1, Model.number(of: port.type)) + Model.field(2, sizes))
    return Model.field(1, port.name) + Model.field(2, type)
  }
}
