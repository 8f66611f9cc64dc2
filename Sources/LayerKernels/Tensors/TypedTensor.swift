/// A dense, row-major tensor of any element type, copied on write.
///
/// What the kernels compute on is a ``Tensor`` of 32-bit floats; this is what models hold and what callers hand over: images
/// of bytes, classes of 64-bit integers, masks. Integers of 4 and 2 bits lie one in a byte.
public struct TypedTensor: Sendable {
  /// What the elements are.
  public let type: ElementType
  /// The sizes.
  public let shape: TensorShape
  private var storage: Storage

  private enum Storage: Sendable {
    case floats(Tensor)
    case bytes(ElementBytes)
  }

  /// A tensor of 32-bit floats; nothing is copied.
  public init(_ tensor: Tensor) {
    type = .f32
    shape = tensor.shape
    storage = .floats(tensor)
  }

  /// A tensor whose bytes are all zero.
  public init(_ type: ElementType, shape: TensorShape) {
    self.type = type
    self.shape = shape
    storage =
      type == .f32 ? .floats(Tensor(shape: shape)) : .bytes(ElementBytes(count: shape.elementCount * type.byteCount))
  }

  /// A tensor of the given elements in row-major order.
  ///
  /// - Throws: ``TensorError/elementCount(shape:found:)`` when there are more or fewer elements than the shape has.
  public init<Element: TensorElement>(shape: TensorShape, elements: [Element]) throws(TensorError) {
    guard elements.count == shape.elementCount else { throw .elementCount(shape: shape, found: elements.count) }
    self.init(Element.elementType, shape: shape)
    withMutableElements(as: Element.self) { target in
      for (index, element) in elements.enumerated() { target[index] = element }
    }
  }

  /// A tensor whose elements are moved from raw bytes, which need not be aligned; 4-bit and 2-bit integers one in a byte.
  ///
  /// - Throws: ``TensorError/elementCount(shape:found:)`` when the bytes are not as many as the elements need.
  public init(_ type: ElementType, shape: TensorShape, bytes: UnsafeRawBufferPointer) throws(TensorError) {
    guard bytes.count == shape.elementCount * type.byteCount else {
      throw .elementCount(shape: shape, found: bytes.count / type.byteCount)
    }
    self.init(type, shape: shape)
    withMutableBytes { target in
      target.copyMemory(from: bytes)
      // A truth value is 0 or 1 in memory, whatever the file says.
      if type == .bool { for index in target.indices where target[index] > 1 { target[index] = 1 } }
    }
  }

  /// A single number.
  public init<Element: TensorElement>(scalar: Element) {
    self.init(Element.elementType, shape: .scalar)
    withMutableElements(as: Element.self) { $0[0] = scalar }
  }

  /// The same elements under another shape; nothing is copied.
  ///
  /// - Throws: ``TensorError/elementCount(shape:found:)`` when the shapes differ in their element count.
  public func reshaped(to shape: TensorShape) throws(TensorError) -> TypedTensor {
    guard shape.elementCount == self.shape.elementCount else {
      throw .elementCount(shape: shape, found: self.shape.elementCount)
    }
    switch storage {
    case .floats(let tensor): return TypedTensor(try tensor.reshaped(to: shape))
    case .bytes: return TypedTensor(type: type, shape: shape, storage: storage)
    }
  }

  /// The same bytes taken for elements of another type of the same width.
  package func reinterpreted(as type: ElementType) -> TypedTensor {
    precondition(type.byteCount == self.type.byteCount, "\(type) is not as wide as \(self.type)")
    guard type != self.type else { return self }
    var result = TypedTensor(type, shape: shape)
    withBytes { source in result.withMutableBytes { $0.copyMemory(from: source) } }
    return result
  }

  private init(type: ElementType, shape: TensorShape, storage: Storage) {
    self.type = type
    self.shape = shape
    self.storage = storage
  }

  /// The tensor of 32-bit floats that this is; nil for other types.
  public var floats: Tensor? {
    if case .floats(let tensor) = storage { tensor } else { nil }
  }

  /// Reads the bytes in place.
  public func withBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    switch storage {
    case .floats(let tensor):
      return try tensor.withElements { elements throws(Failure) in try body(UnsafeRawBufferPointer(elements)) }
    case .bytes(let bytes):
      let result = try body(
        UnsafeRawBufferPointer(start: bytes.start, count: shape.elementCount * type.byteCount))
      withExtendedLifetime(bytes) {}
      return result
    }
  }

  /// Changes the bytes in place; a storage that is shared is copied first.
  public mutating func withMutableBytes<Result, Failure: Error>(
    _ body: (UnsafeMutableRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let count = shape.elementCount * type.byteCount
    switch storage {
    case .floats(var tensor):
      // The one reference to the tensor's memory is the local one while it is written.
      storage = .bytes(ElementBytes.none)
      defer { storage = .floats(tensor) }
      return try tensor.withMutableElements { elements throws(Failure) in
        try body(UnsafeMutableRawBufferPointer(elements))
      }
    case .bytes(var bytes):
      storage = .bytes(ElementBytes.none)
      if !isKnownUniquelyReferenced(&bytes) { bytes = ElementBytes(copying: bytes) }
      defer { storage = .bytes(bytes) }
      return try body(UnsafeMutableRawBufferPointer(start: bytes.start, count: count))
    }
  }

  /// Reads the elements in place.
  ///
  /// - Parameters:
  ///   - element: the Swift type of the elements; it has to be of ``type``'s width and kind.
  ///   - body: takes the elements.
  public func withElements<Element: TensorElement, Result, Failure: Error>(
    as element: Element.Type, _ body: (UnsafeBufferPointer<Element>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    precondition(element.holds(type), "elements of \(type) are not \(element)")
    return try withBytes { bytes throws(Failure) in try body(bytes.assumingMemoryBound(to: Element.self)) }
  }

  /// Changes the elements in place; a storage that is shared is copied first.
  ///
  /// - Parameters:
  ///   - element: the Swift type of the elements; it has to be of ``type``'s width and kind.
  ///   - body: takes the elements.
  public mutating func withMutableElements<Element: TensorElement, Result, Failure: Error>(
    as element: Element.Type, _ body: (UnsafeMutableBufferPointer<Element>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    precondition(element.holds(type), "elements of \(type) are not \(element)")
    return try withMutableBytes { bytes throws(Failure) in try body(bytes.assumingMemoryBound(to: Element.self)) }
  }

  /// The elements in row-major order.
  ///
  /// - Parameter element: the Swift type of the elements; it has to be of ``type``'s width and kind.
  public func elements<Element: TensorElement>(as element: Element.Type) -> [Element] {
    withElements(as: element) { Array($0) }
  }
}

/// A Swift type that tensors' elements can be.
public protocol TensorElement: BitwiseCopyable, Sendable, Equatable {
  /// The element type of a tensor of these.
  static var elementType: ElementType { get }
}

extension TensorElement {
  /// Whether elements of a tensor of `type` lie in memory as this Swift type: small integers lie in bytes.
  static func holds(_ type: ElementType) -> Bool {
    switch type {
    case .s4, .s2: elementType == .s8
    case .u4, .u2: elementType == .u8
    case .bool: elementType == .bool || elementType == .u8
    default: elementType == type
    }
  }
}

extension Float: TensorElement {
  /// ``ElementType/f32``.
  public static let elementType = ElementType.f32
}
extension Double: TensorElement {
  /// ``ElementType/f64``.
  public static let elementType = ElementType.f64
}
extension Float16: TensorElement {
  /// ``ElementType/f16``.
  public static let elementType = ElementType.f16
}
extension BFloat16: TensorElement {
  /// ``ElementType/bf16``.
  public static let elementType = ElementType.bf16
}
extension Int8: TensorElement {
  /// ``ElementType/s8``.
  public static let elementType = ElementType.s8
}
extension Int16: TensorElement {
  /// ``ElementType/s16``.
  public static let elementType = ElementType.s16
}
extension Int32: TensorElement {
  /// ``ElementType/s32``.
  public static let elementType = ElementType.s32
}
extension Int64: TensorElement {
  /// ``ElementType/s64``.
  public static let elementType = ElementType.s64
}
extension UInt8: TensorElement {
  /// ``ElementType/u8``.
  public static let elementType = ElementType.u8
}
extension UInt16: TensorElement {
  /// ``ElementType/u16``.
  public static let elementType = ElementType.u16
}
extension UInt32: TensorElement {
  /// ``ElementType/u32``.
  public static let elementType = ElementType.u32
}
extension UInt64: TensorElement {
  /// ``ElementType/u64``.
  public static let elementType = ElementType.u64
}
extension Bool: TensorElement {
  /// ``ElementType/bool``.
  public static let elementType = ElementType.bool
}

/// Bytes at an aligned address.
///
/// `@unchecked Sendable`: ``TypedTensor`` writes only to bytes that it alone references.
private final class ElementBytes: @unchecked Sendable {
  let start: UnsafeMutableRawPointer
  private let count: Int

  static let none = ElementBytes(count: 0)

  init(count: Int) {
    self.count = count
    start = .allocate(byteCount: max(count, 1), alignment: AlignedMemory.alignment)
    start.initializeMemory(as: UInt8.self, repeating: 0, count: max(count, 1))
  }

  convenience init(copying other: ElementBytes) {
    self.init(count: other.count)
    start.copyMemory(from: other.start, byteCount: count)
  }

  deinit { start.deallocate() }
}
