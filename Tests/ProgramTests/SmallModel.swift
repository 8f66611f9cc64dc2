import Foundation

/// The bytes of an ONNX file with a few nodes, on inputs of any type and of sizes that may be open: `encode` writes 32-bit floats
/// of known shapes only.
struct SmallModel {
  /// A size that is known, or the name of one that is open.
  enum Size {
    case known(Int)
    case open(String)
  }

  /// An input or output.
  struct Port {
    let name: String
    let type: Int
    let sizes: [Size]

    /// Sizes as `n x 3 x h x w`, or nothing for a single number.
    init(_ name: String, _ type: Int, _ sizes: String) {
      self.name = name
      self.type = type
      self.sizes = sizes.split(separator: "x").map { word in
        let word = word.trimmingCharacters(in: .whitespaces)
        return Int(word).map { .known($0) } ?? .open(word)
      }
    }
  }

  /// A use of an operator with whole numbers as attributes.
  struct Node {
    let name: String
    let inputs: [String]
    let outputs: [String]
    let attributes: [(String, Int)]

    init(_ name: String, _ inputs: [String], _ outputs: [String], _ attributes: [(String, Int)] = []) {
      self.name = name
      self.inputs = inputs
      self.outputs = outputs
      self.attributes = attributes
    }
  }

  let nodes: [Node]
  let inputs: [Port]
  let outputs: [Port]

  init(_ nodes: [Node], inputs: [Port], outputs: [Port]) {
    self.nodes = nodes
    self.inputs = inputs
    self.outputs = outputs
  }

  /// The file.
  var data: Data {
    var graph: [UInt8] = []
    for (index, node) in nodes.enumerated() {
      var message = node.inputs.flatMap { Self.field(1, $0) } + node.outputs.flatMap { Self.field(2, $0) }
      message += Self.field(3, "node\(index)") + Self.field(4, node.name)
      for (name, value) in node.attributes {
        message += Self.field(5, Self.field(1, name) + Self.field(3, value) + Self.field(20, 2))
      }
      graph += Self.field(1, message)
    }
    graph += Self.field(2, "small")
    graph += inputs.flatMap { Self.field(11, Self.value($0)) } + outputs.flatMap { Self.field(12, Self.value($0)) }
    return Data(Self.field(1, 10) + Self.field(8, Self.field(2, 21)) + Self.field(7, graph))
  }

  private static func value(_ port: Port) -> [UInt8] {
    let sizes = port.sizes.flatMap { size in
      switch size {
      case .known(let count): field(1, field(1, count))
      case .open(let name): field(1, field(2, name))
      }
    }
    return field(1, port.name) + field(2, field(1, field(1, port.type) + field(2, sizes)))
  }

  private static func field(_ number: Int, _ value: Int) -> [UInt8] { varint(number << 3) + varint(value) }

  private static func field(_ number: Int, _ text: String) -> [UInt8] { field(number, Array(text.utf8)) }

  private static func field(_ number: Int, _ bytes: [UInt8]) -> [UInt8] {
    varint(number << 3 | 2) + varint(bytes.count) + bytes
  }

  private static func varint(_ value: Int) -> [UInt8] {
    value < 128 ? [UInt8(value)] : [UInt8(value & 127 | 128)] + varint(value >> 7)
  }

  /// Means of each channel of pictures of any number and size.
  static let means = SmallModel(
    [Node("GlobalAveragePool", ["x"], ["y"])], inputs: [Port("x", 1, "n x 3 x h x w")],
    outputs: [Port("y", 1, "n x 3 x 1 x 1")])

  /// Bytes as 32-bit floats, in another order than a picture's channels would be.
  static let bytes = SmallModel(
    [Node("Cast", ["x"], ["f"], [("to", 1)]), Node("Neg", ["f"], ["y"])], inputs: [Port("x", 2, "1 x 2 x 3 x 4")],
    outputs: [Port("y", 1, "1 x 2 x 3 x 4")])

  /// A sum of two types, and the shape of that.
  static let sum = SmallModel(
    [
      Node("Cast", ["a"], ["f"], [("to", 11)]), Node("Add", ["f", "b"], ["sum"]), Node("Shape", ["sum"], ["shape"]),
    ],
    inputs: [Port("a", 6, "n x 2"), Port("b", 11, "2")], outputs: [Port("sum", 11, "n x 2"), Port("shape", 7, "2")])

  /// What it is given, of a type by ONNX's number.
  static func identity(_ type: Int) -> SmallModel {
    SmallModel(
      [Node("Identity", ["x"], ["y"])], inputs: [Port("x", type, "n x 2")], outputs: [Port("y", type, "n x 2")])
  }
}
