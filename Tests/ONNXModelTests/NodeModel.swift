import Luthier

/// A model of one node, `y = operator(x, constants …)`, as an ONNX file's bytes.
struct NodeModel {
  /// An attribute's value.
  enum Attribute {
    case integer(Int)
    case integers([Int])
    case text(String)
  }

  let name: String
  let opset: Int
  var attributes: [String: Attribute] = [:]
  /// Inputs after the first; nil is left out.
  var constants: [[Float]?] = []

  func graph(input: [Int]) throws -> Graph { try ONNXModel(bytes: bytes(input: input), name: name).graph() }

  private func bytes(input: [Int]) -> [UInt8] {
    var node = Self.field(1, "x")
    var graph: [UInt8] = []
    for (index, constant) in constants.enumerated() {
      node += Self.field(1, constant == nil ? "" : "c\(index)")
      guard let constant else { continue }
      let raw = constant.flatMap { withUnsafeBytes(of: $0.bitPattern.littleEndian) { Array($0) } }
      graph += Self.field(
        5,
        Self.field(1, constant.count) + Self.field(2, 1) + Self.field(8, "c\(index)") + Self.field(9, raw))
    }
    node += Self.field(2, "y") + Self.field(4, name)
    for (name, value) in attributes { node += Self.field(5, Self.field(1, name) + Self.encoded(value)) }
    let dimensions = input.flatMap { Self.field(1, Self.field(1, $0)) }
    let port = Self.field(1, "x") + Self.field(2, Self.field(1, Self.field(1, 1) + Self.field(2, dimensions)))
    graph = Self.field(1, node) + Self.field(2, "g") + graph + Self.field(11, port)
    graph += Self.field(12, Self.field(1, "y") + Self.field(2, Self.field(1, Self.field(1, 1))))
    return Self.field(1, 8) + Self.field(7, graph) + Self.field(8, Self.field(2, opset))
  }

  private static func encoded(_ value: Attribute) -> [UInt8] {
    switch value {
    case .integer(let number): field(3, number) + field(20, 2)
    case .integers(let numbers): numbers.flatMap { field(8, $0) } + field(20, 7)
    case .text(let text): field(4, text) + field(20, 3)
    }
  }

  private static func variable(_ number: UInt64) -> [UInt8] {
    number < 128 ? [UInt8(number)] : [UInt8(number & 127) | 128] + variable(number >> 7)
  }

  private static func field(_ number: Int, _ value: Int) -> [UInt8] {
    variable(UInt64(number << 3)) + variable(UInt64(bitPattern: Int64(value)))
  }

  private static func field(_ number: Int, _ bytes: [UInt8]) -> [UInt8] {
    variable(UInt64(number << 3 | 2)) + variable(UInt64(bytes.count)) + bytes
  }

  private static func field(_ number: Int, _ text: String) -> [UInt8] { field(number, Array(text.utf8)) }
}
