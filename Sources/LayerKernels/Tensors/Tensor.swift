/// A dense, row-major tensor of 32-bit floats, copied on write.
public struct Tensor: Sendable {
  /// The sizes, `[N, C, H, W]` for activations and `[K, C/groups, R, S]` for convolution filters.
  public let shape: TensorShape
  private var storage: TensorStorage

  /// A tensor whose elements all have one value.
  public init(shape: TensorShape, repeating value: Float = 0) {
    self.shape = shape
    storage = TensorStorage(count: shape.elementCount)
    storage.elements.update(repeating: value)
  }

  /// A tensor of the given elements in row-major order.
  ///
  /// - Throws: ``TensorError/elementCount(shape:found:)`` when there are more or fewer elements than the shape has.
  public init(shape: TensorShape, elements: some Collection<Float>) throws(TensorError) {
    guard elements.count == shape.elementCount else {
      throw .elementCount(shape: shape, found: elements.count)
    }
    self.shape = shape
    storage = TensorStorage(filling: shape.elementCount) { _ = $0.update(fromContentsOf: elements) }
  }

  /// A tensor whose elements are moved from raw bytes, which need not be aligned: a file's.
  ///
  /// - Throws: ``TensorError/elementCount(shape:found:)`` when the bytes are not four for each element.
  public init(shape: TensorShape, bytes: UnsafeRawBufferPointer) throws(TensorError) {
    guard bytes.count == shape.elementCount * MemoryLayout<Float>.stride else {
      throw .elementCount(shape: shape, found: bytes.count / MemoryLayout<Float>.stride)
    }
    self.shape = shape
    storage = TensorStorage(filling: shape.elementCount) { UnsafeMutableRawBufferPointer($0).copyMemory(from: bytes) }
  }

  /// A tensor over memory that somebody else owns, such as a mapped file; nothing is copied.
  ///
  /// The memory must hold the elements unchanged for as long as `owner` lives.
  public init(shape: TensorShape, borrowing elements: UnsafePointer<Float>, owner: AnyObject & Sendable) {
    self.shape = shape
    storage = TensorStorage(
      borrowing: UnsafeMutableBufferPointer(
        start: UnsafeMutablePointer(mutating: elements), count: shape.elementCount), owner: owner)
  }

  /// The same elements under another shape; nothing is copied.
  ///
  /// - Throws: ``TensorError/elementCount(shape:found:)`` when the shapes differ in their element count.
  public func reshaped(to shape: TensorShape) throws(TensorError) -> Tensor {
    guard shape.elementCount == self.shape.elementCount else {
      throw .elementCount(shape: shape, found: self.shape.elementCount)
    }
    return Tensor(shape: shape, storage: storage)
  }

  private init(shape: TensorShape, storage: TensorStorage) {
    self.shape = shape
    self.storage = storage
  }

  /// The elements in row-major order.
  public var elements: [Float] { withElements { Array($0) } }

  /// Reads the elements in place.
  public func withElements<Result, Failure: Error>(
    _ body: (UnsafeBufferPointer<Float>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let result = try body(UnsafeBufferPointer(storage.elements))
    withExtendedLifetime(storage) {}
    return result
  }

  /// Changes the elements in place; a storage that is shared or borrowed is copied first.
  public mutating func withMutableElements<Result, Failure: Error>(
    _ body: (UnsafeMutableBufferPointer<Float>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    if storage.isBorrowed || !isKnownUniquelyReferenced(&storage) { storage = storage.copy() }
    let result = try body(storage.elements)
    withExtendedLifetime(storage) {}
    return result
  }
}

extension Tensor: Equatable {
  /// Equal shapes and equal elements, by IEEE comparison (NaN equals nothing).
  public static func == (left: Tensor, right: Tensor) -> Bool {
    left.shape == right.shape
      && left.withElements { a in right.withElements { b in zip(a, b).allSatisfy { $0 == $1 } } }
  }
}

/// Why elements do not make a tensor.
public enum TensorError: Error, Equatable, CustomStringConvertible {
  /// The shape needs another number of elements.
  case elementCount(shape: TensorShape, found: Int)

  /// One line that names the shape and both counts.
  public var description: String {
    switch self {
    case .elementCount(let shape, let found):
      "a tensor of shape \(shape) has \(shape.elementCount) elements, but \(found) were given"
    }
  }
}

/// The memory of a tensor.
///
/// `@unchecked Sendable`: ``Tensor`` writes only to a storage that it alone references and that is not borrowed, so a
/// storage seen by two threads is never written.
private final class TensorStorage: @unchecked Sendable {
  let elements: UnsafeMutableBufferPointer<Float>
  private let owner: (AnyObject & Sendable)?

  var isBorrowed: Bool { owner != nil }

  init(count: Int) {
    elements = UnsafeMutableBufferPointer(
      start: AlignedMemory.allocate(count: max(count, 1)), count: count)
    owner = nil
  }

  /// Room for elements that are set at once: only what lies behind them is cleared.
  init(filling count: Int, _ fill: (UnsafeMutableBufferPointer<Float>) -> Void) {
    let start = AlignedMemory.allocateUninitialized(count: max(count, 1))
    (start + count).initialize(
      repeating: 0, count: AlignedMemory.paddedCount(max(count, 1)) + AlignedMemory.elementAlignment - count)
    elements = UnsafeMutableBufferPointer(start: start, count: count)
    owner = nil
    fill(elements)
  }

  init(borrowing elements: UnsafeMutableBufferPointer<Float>, owner: AnyObject & Sendable) {
    self.elements = elements
    self.owner = owner
  }

  func copy() -> TensorStorage {
    TensorStorage(filling: elements.count) { _ = $0.update(fromContentsOf: elements) }
  }

  deinit {
    if owner == nil, let start = elements.baseAddress { AlignedMemory.deallocate(start) }
  }
}
