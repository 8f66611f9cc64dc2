import Foundation

/// The JSON of a request for inference; with the binary extension, what goes before the tensors.
struct InferenceJSON: Decodable {
  struct Input: Decodable {
    let name: String
    let shape: [Int]
    let datatype: String
    let parameters: [String: ParameterValue]?
    /// Nil where the tensor comes as bytes.
    let elements: ListedElements?

    private enum CodingKeys: String, CodingKey { case name, shape, datatype, parameters, data }

    init(from decoder: any Decoder) throws {
      let values = try decoder.container(keyedBy: CodingKeys.self)
      name = try values.decode(String.self, forKey: .name)
      shape = try values.decode([Int].self, forKey: .shape)
      datatype = try values.decode(String.self, forKey: .datatype)
      parameters = try values.decodeIfPresent([String: ParameterValue].self, forKey: .parameters)
      guard values.contains(.data) else {
        elements = nil
        return
      }
      switch WireType(rawValue: datatype) {
      case .float, .half, .brainFloat: elements = .floats(try values.elements(Float.self, forKey: .data))
      case .double: elements = .doubles(try values.elements(Double.self, forKey: .data))
      case .int8, .int16, .int32, .int64: elements = .signed(try values.elements(Int64.self, forKey: .data))
      case .uint8, .uint16, .uint32, .uint64: elements = .unsigned(try values.elements(UInt64.self, forKey: .data))
      case .bool: elements = .truths(try values.elements(Bool.self, forKey: .data))
      case nil:
        throw DecodingError.dataCorruptedError(
          forKey: .datatype, in: values, debugDescription: "\(datatype.quoted) is no type that this server knows")
      }
    }
  }

  struct Output: Decodable {
    let name: String
    let parameters: [String: ParameterValue]?
  }

  let id: String?
  let parameters: [String: ParameterValue]?
  let inputs: [Input]
  let outputs: [Output]?
}

/// A parameter of a request, a tensor or an output.
enum ParameterValue: Decodable, Hashable {
  case truth(Bool)
  case whole(Int)
  case number(Double)
  case text(String)
  /// What this server has no use for.
  case other

  init(from decoder: any Decoder) throws {
    let value = try decoder.singleValueContainer()
    self =
      if let found = try? value.decode(Bool.self) {
        .truth(found)
      } else if let found = try? value.decode(Int.self) {
        .whole(found)
      } else if let found = try? value.decode(Double.self) {
        .number(found)
      } else if let found = try? value.decode(String.self) {
        .text(found)
      } else {
        .other
      }
  }

  var truth: Bool? { if case .truth(let value) = self { value } else { nil } }
  var whole: Int? { if case .whole(let value) = self { value } else { nil } }
}

extension KeyedDecodingContainer {
  /// Elements in row-major order: in one list, or in lists of lists as the shape has dimensions.
  fileprivate func elements<Element: Decodable>(_ type: Element.Type, forKey key: Key) throws -> [Element] {
    var elements: [Element] = []
    var list = try nestedUnkeyedContainer(forKey: key)
    elements.reserveCapacity(list.count ?? 0)
    try Self.append(&list, to: &elements, depth: 1)
    return elements
  }

  private static func append<Element: Decodable>(
    _ list: inout any UnkeyedDecodingContainer, to elements: inout [Element], depth: Int
  ) throws {
    guard depth <= 16 else {
      throw DecodingError.dataCorruptedError(in: list, debugDescription: "the lists of elements are more than 16 deep")
    }
    guard !list.isAtEnd else { return }
    // What the first is, all others have to be.
    if var first = try? list.nestedUnkeyedContainer() {
      try append(&first, to: &elements, depth: depth + 1)
      while !list.isAtEnd {
        var next = try list.nestedUnkeyedContainer()
        try append(&next, to: &elements, depth: depth + 1)
      }
    } else {
      while !list.isAtEnd { elements.append(try list.decode(Element.self)) }
    }
  }
}

/// The JSON of an answer; with the binary extension, what goes before the tensors.
struct AnswerJSON: Encodable {
  struct Output: Encodable {
    struct Parameters: Encodable {
      let binary_data_size: Int
    }

    let name: String
    let datatype: String
    let shape: [Int]
    let parameters: Parameters?
    let data: ListedElements?
  }

  let model_name: String
  let model_version: String
  let id: String?
  let outputs: [Output]
}

extension ListedElements: Encodable {
  package func encode(to encoder: any Encoder) throws {
    var value = encoder.singleValueContainer()
    switch self {
    case .floats(let elements): try value.encode(elements)
    case .doubles(let elements): try value.encode(elements)
    case .signed(let elements): try value.encode(elements)
    case .unsigned(let elements): try value.encode(elements)
    case .truths(let elements): try value.encode(elements)
    }
  }

  /// Whether JSON has a form for all elements: it has none for what is not finite.
  var isFinite: Bool {
    switch self {
    case .floats(let elements): elements.allSatisfy(\.isFinite)
    case .doubles(let elements): elements.allSatisfy(\.isFinite)
    default: true
    }
  }
}
