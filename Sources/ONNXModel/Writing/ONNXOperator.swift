public import LayerKernels

/// A layer as it is written to a file, for operations that come from other packages.
public struct ONNXOperator: Sendable {
  /// An attribute's value.
  public enum Attribute: Hashable, Sendable {
    /// A whole number.
    case integer(Int)
    /// Whole numbers.
    case integers([Int])
    /// A number.
    case float(Float)
    /// Text.
    case text(String)
  }

  /// The operator, `PRelu`.
  public let name: String
  /// Its domain; empty for the standard operators.
  public let domain: String
  /// The version of the domain that the file asks for; of no effect for the standard operators.
  public let version: Int
  /// The attributes by name.
  public let attributes: [String: Attribute]
  /// The inputs after those of the layer: its weights.
  public let constants: [Tensor]

  /// An operator.
  public init(
    _ name: String, domain: String = "", version: Int = 1, attributes: [String: Attribute] = [:],
    constants: [Tensor] = []
  ) {
    self.name = name
    self.domain = domain == "ai.onnx" ? "" : domain
    self.version = version
    self.attributes = attributes
    self.constants = constants
  }

  /// The attributes as the file has them, in alphabetical order.
  var messages: [Onnx_AttributeProto] {
    attributes.sorted { $0.key < $1.key }.map { name, value in
      switch value {
      case .integer(let value): .integer(name, value)
      case .integers(let values): .integers(name, values)
      case .float(let value): .float(name, value)
      case .text(let value): .text(name, value)
      }
    }
  }
}
