public import LayerKernels

/// The attributes of one use of an operator, by name.
public struct OperatorAttributes: Sendable {
  /// What an attribute can be.
  public enum Value: Sendable {
    /// A whole number.
    case integer(Int)
    /// A number.
    case float(Float)
    /// Text.
    case text(String)
    /// A list of whole numbers.
    case integers([Int])
    /// A list of numbers.
    case floats([Float])
    /// A list of texts.
    case texts([String])
    /// A tensor.
    case tensor(TypedTensor)
  }

  private var values: [String: Value]

  /// The given attributes.
  public init(_ values: [String: Value] = [:]) { self.values = values }

  /// The names of the attributes that are given, alphabetically.
  public var names: [String] { values.keys.sorted() }

  /// An attribute; nil when it is not given.
  public subscript(_ name: String) -> Value? {
    get { values[name] }
    set { values[name] = newValue }
  }

  /// An attribute that is a whole number; nil when it is not given or is something else.
  public func integer(_ name: String) -> Int? {
    if case .integer(let value) = values[name] { value } else { nil }
  }

  /// Whether an attribute that is a whole number is given and not zero.
  public func flag(_ name: String) -> Bool { integer(name) ?? 0 != 0 }

  /// An attribute that is a number; nil when it is not given or is something else.
  public func float(_ name: String) -> Float? { if case .float(let value) = values[name] { value } else { nil } }

  /// An attribute that is text; nil when it is not given or is something else.
  public func text(_ name: String) -> String? { if case .text(let value) = values[name] { value } else { nil } }

  /// An attribute that is a list of whole numbers; nil when it is not given or is something else.
  public func integers(_ name: String) -> [Int]? {
    switch values[name] {
    case .integers(let list): list
    // A list without elements names no type in the file.
    case .floats(let list) where list.isEmpty: []
    default: nil
    }
  }

  /// An attribute that is a list of numbers; nil when it is not given or is something else.
  public func floats(_ name: String) -> [Float]? {
    switch values[name] {
    case .floats(let list): list
    case .integers(let list) where list.isEmpty: []
    default: nil
    }
  }

  /// An attribute that is a list of texts; nil when it is not given or is something else.
  public func texts(_ name: String) -> [String]? { if case .texts(let list) = values[name] { list } else { nil } }

  /// An attribute that is a tensor; nil when it is not given or is something else.
  public func tensor(_ name: String) -> TypedTensor? {
    if case .tensor(let value) = values[name] { value } else { nil }
  }
}
