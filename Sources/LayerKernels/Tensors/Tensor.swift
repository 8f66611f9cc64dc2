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

  /// A tensor whose elements are elsewhere, in a form that whoever gets it has already; they read as zeros.
  package init(shape: TensorShape, withholding elements: WithheldElements) {
    self.shape = shape
    storage = TensorStorage(withholding: elements, count: shape.elementCount)
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

  /// Reads some elements, of which nobody else is going to read any: what a packing loop does.
  ///
  /// Of a file's elements no more than these are in memory twice, and the system may take back their pages afterwards. They
  /// can still be read.
  ///
  /// - Parameters:
  ///   - range: within `0..<shape.elementCount`.
  ///   - buffer: where elements that do not lie aligned are moved to; the same for one range after the other.
  ///   - body: takes the elements.
  public func withElements<Result, Failure: Error>(
    in range: Range<Int>, movedThrough buffer: inout [Float],
    _ body: (UnsafeBufferPointer<Float>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    precondition(
      range.lowerBound >= 0 && range.upperBound <= shape.elementCount, "the range is not within the elements")
    let result: Result
    if let lent = storage.unalignedBytes(of: range) {
      if buffer.count < range.count { buffer = [Float](repeating: 0, count: range.count) }
      buffer.withUnsafeMutableBytes { $0.copyMemory(from: lent) }
      result = try buffer.withUnsafeBufferPointer { elements throws(Failure) in
        try body(UnsafeBufferPointer(rebasing: elements[..<range.count]))
      }
    } else {
      result = try body(UnsafeBufferPointer(rebasing: storage.elements[range]))
    }
    storage.release(range)
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
  private let moved = Lock<UnsafeMutablePointer<Float>?>(nil)
  private let lent: UnsafeRawBufferPointer
  private let lender: (any MemoryLender)?
  private let owner: (AnyObject & Sendable)?
  private let withheld: WithheldElements?

  var isBorrowed: Bool { owner != nil || lender != nil || withheld != nil }

  var elements: UnsafeMutableBufferPointer<Float> {
    UnsafeMutableBufferPointer(start: present ?? movedElements(), count: count)
  }

  init(count: Int) {
    self.count = count
    present = AlignedMemory.allocate(count: max(count, 1))
    lent = UnsafeRawBufferPointer(start: nil, count: 0)
    lender = nil
    owner = nil
    withheld = nil
  }

  init(withholding elements: WithheldElements, count: Int) {
    self.count = count
    present = nil
    lent = UnsafeRawBufferPointer(start: nil, count: 0)
    lender = nil
    owner = nil
    withheld = elements
  }

  /// Room for elements that are set at once: only what lies after them is cleared.
  init(filling count: Int, _ fill: (UnsafeMutableBufferPointer<Float>) -> Void) {
    self.count = count
    let start = Self.room(for: count)
    present = start
    lent = UnsafeRawBufferPointer(start: nil, count: 0)
    lender = nil
    owner = nil
    withheld = nil
    fill(UnsafeMutableBufferPointer(start: start, count: count))
  }

  init(borrowing elements: UnsafeMutableBufferPointer<Float>, owner: AnyObject & Sendable) {
    count = elements.count
    present = elements.baseAddress
    lent = UnsafeRawBufferPointer(start: nil, count: 0)
    lender = nil
    self.owner = owner
    withheld = nil
  }

  init(_ bytes: UnsafeRawBufferPointer, lender: any MemoryLender) {
    count = bytes.count / MemoryLayout<Float>.stride
    lent = bytes
    self.lender = lender
    owner = nil
    withheld = nil
    let isAligned = Int(bitPattern: bytes.baseAddress) % MemoryLayout<Float>.alignment == 0
    present =
      isAligned
      ? UnsafeMutableRawPointer(mutating: bytes.baseAddress)?.bindMemory(to: Float.self, capacity: count) : nil
  }

  /// Where a lender's elements lie if they are to be moved, and have not been.
  func unalignedBytes(of range: Range<Int>) -> UnsafeRawBufferPointer? {
    guard present == nil, withheld == nil, moved.withLock({ $0 == nil }) else { return nil }
    return UnsafeRawBufferPointer(rebasing: lent[bytes(of: range)])
  }

  /// Tells the lender that its elements have been read.
  func release(_ range: Range<Int>) {
    guard let lender, moved.withLock({ $0 == nil }) else { return }
    lender.release(UnsafeRawBufferPointer(rebasing: lent[bytes(of: range)]))
  }

  private func bytes(of range: Range<Int>) -> Range<Int> {
    let size = MemoryLayout<Float>.stride
    return range.lowerBound * size..<range.upperBound * size
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
      if let withheld {
        withheld.noteAsked()
        let zeros = AlignedMemory.allocate(count: max(count, 1))
        moved = zeros
        return zeros
      }
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
