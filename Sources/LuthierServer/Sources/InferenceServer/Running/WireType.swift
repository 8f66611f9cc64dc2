import Luthier

/// The types of the protocol that tensors have on the wire.
package enum WireType: String, Sendable, CaseIterable {
  case bool = "BOOL"
  case uint8 = "UINT8"
  case uint16 = "UINT16"
  case uint32 = "UINT32"
  case uint64 = "UINT64"
  case int8 = "INT8"
  case int16 = "INT16"
  case int32 = "INT32"
  case int64 = "INT64"
  case half = "FP16"
  case float = "FP32"
  case double = "FP64"
  case brainFloat = "BF16"
}

extension ElementType {
  /// How the elements travel. The protocol knows no integers below 8 bits: those travel one in a byte, as they lie in memory.
  package var wireType: WireType {
    switch self {
    case .f32: .float
    case .f64: .double
    case .f16: .half
    case .bf16: .brainFloat
    case .s8, .s4, .s2: .int8
    case .s16: .int16
    case .s32: .int32
    case .s64: .int64
    case .u8, .u4, .u2: .uint8
    case .u16: .uint16
    case .u32: .uint32
    case .u64: .uint64
    case .bool: .bool
    }
  }
}

/// An input or output of a model, as clients see it.
package struct TensorPort: Hashable, Sendable {
  package let name: String
  /// Nil for an output of which the file does not say.
  package let type: ElementType?
  /// Nil where the model leaves a size open, and as a whole where not even their number is known.
  package let sizes: [Int?]?

  package init(_ name: String, _ type: ElementType?, _ sizes: [Int?]?) {
    self.name = name
    self.type = type
    self.sizes = sizes
  }

  /// The sizes of the protocol, with -1 for open ones.
  package var wireShape: [Int] { sizes?.map { $0 ?? -1 } ?? [-1] }

  /// The type of the protocol; that of floats where the file does not say.
  package var wireType: WireType { (type ?? .f32).wireType }

  func admits(_ shape: TensorShape) -> Bool {
    guard let sizes else { return true }
    return sizes.count == shape.rank && zip(sizes, shape.dimensions).allSatisfy { $0 == nil || $0 == $1 }
  }

  /// Whether the model leaves the first size open.
  var hasOpenRows: Bool { sizes?.first.map { $0 == nil } ?? false }
}
