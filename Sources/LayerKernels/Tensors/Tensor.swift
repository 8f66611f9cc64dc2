import Synchronization

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

  /// A tensor over raw bytes that somebody else lends, such as a mapped file's, where they need not be aligned.
  ///
  /// Aligned elements are read in place. Others are moved when they are read first, so that of a file's weights only those
  /// that are in use are in memory twice.
  ///
  /// - Throws: ``TensorError/elementCount(shape:found:)`` when the bytes are not four for each element.
  public init(shape: TensorShape, borrowing bytes: UnsafeRawBufferPointer, lender: any MemoryLender) throws(TensorError)
  {
    guard bytes.count == shape.elementCount * MemoryLayout<Float>.stride else {
      throw .elementCount(shape: shape, found: bytes.count / MemoryLayout<Float>.stride)
    }
    self.shape = shape
    storage = TensorStorage(bytes, lender: lender)
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

/// Who owns memory that tensors borrow.
public protocol MemoryLender: AnyObject, Sendable {
  /// Says that no tensor is going to read these bytes soon; their pages may go, as long as the bytes can still be read.
  func release(_ bytes: UnsafeRawBufferPointer)
}

/// The memory of a tensor.
///
/// `@unchecked Sendable`: ``Tensor`` writes only to a storage that it alone references and that is not borrowed, so a
/// storage seen by two threads is never written; elements that have to be moved are moved under a lock.
private final class TensorStorage: @unchecked Sendable {
  private let count: Int
  /// The elements where they are from the beginning.
  private let present: UnsafeMutablePointer<Float>?
  /// The elements that were moved from ``lent`` when somebody read them.
  private let moved = Mutex<UnsafeMutablePointer<Float>?>(nil)
  private let lent: UnsafeRawBufferPointer
  private let lender: (any MemoryLender)?
  private let owner: (AnyObject & Sendable)?

  var isBorrowed: Bool { owner != nil || lender != nil }

  var elements: UnsafeMutableBufferPointer<Float> {
    UnsafeMutableBufferPointer(start: present ?? movedElements(), count: count)
  }

  init(count: Int) {
    self.count = count
    present = AlignedMemory.allocate(count: max(count, 1))
    lent = UnsafeRawBufferPointer(start: nil, count: 0)
    lender = nil
    owner = nil
  }

  /// Room for elements that are set at once: only what lies behind them is cleared.
  init(filling count: Int, _ fill: (UnsafeMutableBufferPointer<Float>) -> Void) {
    self.count = count
    let start = Self.room(for: count)
    present = start
    lent = UnsafeRawBufferPointer(start: nil, count: 0)
    lender = nil
    owner = nil
    fill(UnsafeMutableBufferPointer(start: start, count: count))
  }

  init(borrowing elements: UnsafeMutableBufferPointer<Float>, owner: AnyObject & Sendable) {
    count = elements.count
    present = elements.baseAddress
    lent = UnsafeRawBufferPointer(start: nil, count: 0)
    lender = nil
    self.owner = owner
  }

  init(_ bytes: UnsafeRawBufferPointer, lender: any MemoryLender) {
    count = bytes.count / MemoryLayout<Float>.stride
    lent = bytes
    self.lender = lender
    owner = nil
    let isAligned = Int(bitPattern: bytes.baseAddress) % MemoryLayout<Float>.alignment == 0
    present =
      isAligned
      ? UnsafeMutableRawPointer(mutating: bytes.baseAddress)?.bindMemory(to: Float.self, capacity: count) : nil
  }

  private static func room(for count: Int) -> UnsafeMutablePointer<Float> {
    let start = AlignedMemory.allocateUninitialized(count: max(count, 1))
    (start + count).initialize(
      repeating: 0, count: AlignedMemory.paddedCount(max(count, 1)) + AlignedMemory.elementAlignment - count)
    return start
  }

  private func movedElements() -> UnsafeMutablePointer<Float> {
    moved.withLock { moved in
      if let moved { return moved }
      let start = Self.room(for: count)
      UnsafeMutableRawBufferPointer(start: start, count: lent.count).copyMemory(from: lent)
      lender?.release(lent)
      moved = start
      return start
    }
  }

  func copy() -> TensorStorage {
    TensorStorage(filling: count) { _ = $0.update(fromContentsOf: elements) }
  }

  deinit {
    if let start = moved.withLock({ $0 }) {
      AlignedMemory.deallocate(start)
    } else if !isBorrowed, let present {
      AlignedMemory.deallocate(present)
    } else {
      lender?.release(lent)
    }
  }
}
