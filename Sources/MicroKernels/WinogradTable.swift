/// The Winograd transforms of an instruction set.
public struct WinogradTable: Sendable {
  /// The transforms of one F(m×m, 3×3).
  public struct Transforms: Sendable {
    /// From a plane to planes of transformed tiles.
    public let input: MicroKernelFunction<WinogradInputArguments>
    /// From planes of products to a plane.
    public let output: MicroKernelFunction<WinogradOutputArguments>
    /// From filters to transformed filters.
    public let filter: MicroKernelFunction<WinogradFilterArguments>

    /// The three transforms.
    public init(
      input: MicroKernelFunction<WinogradInputArguments>, output: MicroKernelFunction<WinogradOutputArguments>,
      filter: MicroKernelFunction<WinogradFilterArguments>
    ) {
      self.input = input
      self.output = output
      self.filter = filter
    }
  }

  /// The sizes m of output tiles for which there are transforms.
  public static let sizes = [2, 4, 6]

  /// The floats of a vector.
  public let lanes: Int
  private let transforms: [Transforms]

  /// A table of the transforms of F(2×2, 3×3), F(4×4, 3×3) and F(6×6, 3×3).
  public init(lanes: Int, f2: Transforms, f4: Transforms, f6: Transforms) {
    self.lanes = lanes
    transforms = [f2, f4, f6]
  }

  /// The transforms for output tiles of `size` · `size`, one of ``sizes``.
  public subscript(size size: Int) -> Transforms { transforms[min(max(size / 2 - 1, 0), 2)] }
}

/// A 3×3 convolution of stride 1 cut into tiles of m × m outputs.
public struct WinogradTiling: Sendable {
  /// Rows and columns of a tile of outputs, m.
  public let size: Int
  /// Tiles along a row.
  public let columns: Int
  /// Rows of tiles.
  public let rows: Int
  /// The masks of the input transform: of the vectors of a row for the loads, and then, for each vector of tiles, of the
  /// tiles that have one before them.
  public let masks: [Int32]
  private let lanes: Int

  /// Cuts an output of `height` · `width` whose input has `inputWidth` columns after `paddingLeft`.
  public init(size: Int, height: Int, width: Int, inputWidth: Int, paddingLeft: Int, lanes: Int) {
    self.size = size
    self.lanes = lanes
    columns = (width + size - 1) / size
    rows = (height + size - 1) / size
    let groups = columns / lanes + 1
    let columns = columns
    masks =
      (0..<groups * size).flatMap {
        LaneMask.places(lanes: lanes, first: $0 * lanes - paddingLeft, limit: inputWidth)
      }
      + (0..<groups).flatMap { group in
        LaneMask.places(lanes: lanes, first: group * lanes - 1, limit: columns)
      }
  }

  /// Rows and columns of a tile of inputs, α.
  public var extent: Int { size + 2 }

  /// Elements of a plane of so many rows of transformed tiles: whole vectors, and one more where a batch may start amid one.
  public func planeSize(rows: Int) -> Int {
    let tiles = rows * columns
    return ((tiles + lanes - 1) / lanes + (tiles > Self.batch(size: size) ? 1 : 0)) * lanes
  }

  /// Elements of scratch memory that any of the transforms needs.
  public var scratchSize: Int {
    let pitch = Self.pitch(size: size, lanes: lanes)
    let dealt = extent * extent * pitch + (extent * size + 1) * lanes
    let staged = size * pitch * size + size * extent * lanes
    return (max(dealt, staged) + 15) / 16 * 16
  }

  /// The tiles that go through a transform at a time: as many as leave what lies between its halves in the first cache.
  @inlinable @inline(__always)
  static func batch(size: Int) -> Int { size > 4 ? 64 : 128 }

  /// Elements between rows of dealt tiles: room for a vector before and after.
  @inlinable @inline(__always)
  static func pitch(size: Int, lanes: Int) -> Int { batch(size: size) &+ 2 &* lanes &+ 16 }
}
