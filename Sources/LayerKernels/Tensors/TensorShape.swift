/// The sizes of a tensor, outermost dimension first: `[N, C, H, W]` for images and activations.
///
/// A shape that exists has passed its checks: no dimension is negative and the product of those that are not zero fits
/// ``maximumElementCount``, so later index arithmetic cannot overflow, not even in the strides of a tensor without elements.
public struct TensorShape: Hashable, Sendable {
  /// The sizes, outermost first. An empty list is a scalar.
  public let dimensions: [Int]

  /// The product of the dimensions.
  public let elementCount: Int

  /// The most elements a tensor may have: what a 32-bit element offset can address.
  public static let maximumElementCount = Int(Int32.max)

  /// The most dimensions a tensor may have.
  public static let maximumRank = 8

  /// Checks the sizes and makes the shape.
  ///
  /// - Throws: ``ShapeError`` when a size is negative, there are too many dimensions or too many elements.
  public init(_ dimensions: [Int]) throws(ShapeError) {
    guard dimensions.count <= Self.maximumRank else { throw .tooManyDimensions(dimensions) }
    var count = 1
    for size in dimensions {
      guard size >= 0 else { throw .negativeDimension(dimensions) }
      let (product, overflow) = count.multipliedReportingOverflow(by: max(size, 1))
      guard !overflow, product <= Self.maximumElementCount else { throw .tooManyElements(dimensions) }
      count = product
    }
    self.dimensions = dimensions
    elementCount = dimensions.contains(0) ? 0 : count
  }

  /// The number of dimensions.
  public var rank: Int { dimensions.count }

  /// The size of one dimension.
  public subscript(_ axis: Int) -> Int { dimensions[axis] }

  /// How many elements lie between neighbours along each dimension of a dense row-major tensor.
  public var strides: [Int] {
    var strides = [Int](repeating: 1, count: rank)
    for axis in stride(from: rank - 2, through: 0, by: -1) {
      strides[axis] = strides[axis + 1] * max(dimensions[axis + 1], 1)
    }
    return strides
  }

  /// The shape of no dimensions and one element.
  public static let scalar = TensorShape()

  private init() {
    dimensions = []
    elementCount = 1
  }
}

extension TensorShape: CustomStringConvertible {
  /// The sizes as `1x58x28x28`; `scalar` for no dimensions.
  public var description: String {
    dimensions.isEmpty ? "scalar" : dimensions.map(String.init).joined(separator: "x")
  }
}

/// Why a list of sizes is not a shape.
public enum ShapeError: Error, Equatable, CustomStringConvertible {
  /// A size is below zero.
  case negativeDimension([Int])
  /// The product of the sizes that are not zero is above ``TensorShape/maximumElementCount``.
  case tooManyElements([Int])
  /// There are more sizes than ``TensorShape/maximumRank``.
  case tooManyDimensions([Int])

  /// One line that names the sizes and the limit.
  public var description: String {
    switch self {
    case .negativeDimension(let sizes): "shape \(sizes) has a negative dimension"
    case .tooManyElements(let sizes):
      "shape \(sizes) has more than \(TensorShape.maximumElementCount) elements; use a smaller input or batch"
    case .tooManyDimensions(let sizes):
      "shape \(sizes) has \(sizes.count) dimensions; at most \(TensorShape.maximumRank) are supported"
    }
  }
}
