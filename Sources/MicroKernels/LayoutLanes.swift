/// What the functions on planes need of an instruction set besides ``Lanes``: loads of some lanes.
public protocol PlaneLanes: Lanes {
  /// Which lanes of a vector are meant.
  associatedtype Mask: BitwiseCopyable

  /// A mask from one number a lane: −1 for a lane that is meant, 0 for another.
  static func mask(_ lanes: UnsafePointer<Int32>) -> Mask

  /// The lanes that the mask means; the others are zero and their memory is not touched.
  static func load(_ address: UnsafeRawPointer, _ mask: Mask) -> Vector

  /// The lanes that the mask means, the others from `otherwise`; their memory is not touched.
  static func load(_ address: UnsafeRawPointer, _ mask: Mask, otherwise: Vector) -> Vector

  /// Writes the lanes that the mask means; the memory of others is not touched.
  static func store(_ vector: Vector, _ address: UnsafeMutableRawPointer, _ mask: Mask)

  /// The mask of the first `count` lanes, 0 to all.
  static func first(_ count: Int) -> Mask

  /// The larger of each two lanes; a NaN where either is one.
  static func largest(_ a: Vector, _ b: Vector) -> Vector

  /// The largest of each three lanes; a NaN where any is one.
  static func largest(_ a: Vector, _ b: Vector, _ c: Vector) -> Vector

  /// The smaller of each two lanes; a NaN where either is one.
  static func smallest(_ a: Vector, _ b: Vector) -> Vector
}

extension PlaneLanes {
  /// Writes a vector, or only its first lanes where fewer than a vector's fit before `capacity`.
  ///
  /// - Parameters:
  ///   - place: the first element to write, counted from `start`.
  ///   - capacity: how many elements after `start` may be written.
  @inlinable @inline(__always)
  static func store(_ vector: Vector, _ start: UnsafeMutableRawPointer, _ place: Int, capacity: Int) {
    let target = start + place &* 4
    if place &+ Vector.scalarCount <= capacity {
      store(vector, target)
    } else {
      storeFirst(vector, target, max(capacity &- place, 0))
    }
  }

  /// A vector of which only the first `count` lanes are read; the others are zero.
  @inlinable @inline(__always)
  static func loadFirst(_ source: UnsafeRawPointer, _ count: Int) -> Vector { load(source, first(count)) }

  /// The largest of the first two, and of that and the third: an instruction set may need fewer instructions.
  @inlinable @inline(__always)
  public static func largest(_ a: Vector, _ b: Vector, _ c: Vector) -> Vector { largest(largest(a, b), c) }

  /// Writes the first `count` lanes.
  @inlinable @inline(__always)
  static func storeFirst(_ vector: Vector, _ target: UnsafeMutableRawPointer, _ count: Int) {
    store(vector, target, first(count))
  }
}

/// Masks in memory, a number a lane, as ``PlaneLanes/mask(_:)`` reads them.
public enum LaneMask {
  /// −1 for each lane whose position, `first + lane · step`, is within `0 ..< limit`, else 0.
  public static func places(lanes: Int, first: Int, step: Int = 1, limit: Int) -> [Int32] {
    (0..<lanes).map { lane in
      let place = first + lane * step
      return place >= 0 && place < limit ? -1 : 0
    }
  }
}

/// A micro-kernel of one instruction set that takes the address of its arguments: plain data, so that only pointers and
/// numbers cross the wall between instruction sets.
public struct MicroKernelFunction<Arguments>: Sendable {
  private let code: @convention(c) (UnsafeRawPointer) -> Void

  /// A function of the given code.
  public init(_ code: @convention(c) (UnsafeRawPointer) -> Void) { self.code = code }

  /// Runs it.
  @inline(__always)
  public func callAsFunction(_ arguments: UnsafePointer<Arguments>) { code(arguments) }
}
