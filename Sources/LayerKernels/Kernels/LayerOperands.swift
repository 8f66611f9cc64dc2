/// Where one activation lies. The shape is the problem's; the layout is what the kernel declared.
public struct TensorOperand: @unchecked Sendable {
  // @unchecked Sendable: a pair of addresses; whoever runs a kernel keeps the memory alive and apart.

  /// The first element, or what the offsets count from.
  public let base: UnsafeMutablePointer<Float>

  /// For ``TensorLayout/planeList``: N·C element offsets from `base`, the plane of image n and channel c at `n·C + c`.
  /// For other layouts a single zero.
  public let planes: UnsafePointer<Int32>

  /// An operand.
  public init(base: UnsafeMutablePointer<Float>, planes: UnsafePointer<Int32>) {
    self.base = base
    self.planes = planes
  }

  /// The first number of an operand of ``TensorLayout/bytes``.
  @inlinable
  public var bytes: UnsafeMutablePointer<UInt8> { UnsafeMutableRawPointer(base).assumingMemoryBound(to: UInt8.self) }

  /// The first element of plane `n·C + c` of a plane list.
  @inlinable
  public func plane(_ index: Int) -> UnsafeMutablePointer<Float> { base + Int(planes[index]) }
}

/// What a kernel's run reads and writes.
///
/// The output overlaps no input. Inputs may share memory: `x + x` binds one activation twice, and a plane list may name a
/// plane several times. An input is never written, not even for the time of the run.
public struct LayerOperands: @unchecked Sendable {
  // @unchecked Sendable: addresses only; whoever runs a kernel keeps the memory alive and apart.

  /// The inputs, in the order of ``LayerProblem/inputShapes``.
  public let inputs: UnsafePointer<TensorOperand>

  /// The output.
  public let output: TensorOperand

  /// Scratch memory of ``PreparedKernel/workspaceSize(workers:)`` bytes, 64-byte aligned.
  public let workspace: UnsafeMutableRawPointer

  /// Operands of a run.
  public init(
    inputs: UnsafePointer<TensorOperand>, output: TensorOperand, workspace: UnsafeMutableRawPointer
  ) {
    self.inputs = inputs
    self.output = output
    self.workspace = workspace
  }

  /// The first input.
  @inlinable
  public var input: TensorOperand { inputs[0] }
}

/// One of the workers that share a run.
public struct Worker: Hashable, Sendable {
  /// From 0 to `count` − 1.
  public let index: Int

  /// How many take part.
  public let count: Int

  /// A worker; `index` is below `count`.
  public init(index: Int, count: Int) {
    self.index = index
    self.count = count
  }

  /// The only worker.
  public static let alone = Worker(index: 0, count: 1)

  /// This worker's contiguous share of `total` items, in whole multiples of `granule` except at the end.
  @inlinable
  public func share(of total: Int, granule: Int = 1) -> Range<Int> {
    let granules = (total + granule - 1) / granule
    let start = granules * index / count * granule
    let end = granules * (index + 1) / count * granule
    return min(start, total)..<min(end, total)
  }

  /// Whether `workers` workers split feature maps spatially rather than by channel.
  ///
  /// What a worker reads is near if it has written it: a depthwise convolution or a pooling after a convolution that shares
  /// positions does well to share them, too. But each worker's part of a plane ends at another's, and the processor's own
  /// prefetching runs on into that one's lines; on small maps this costs more than it saves (measured: a depthwise layer at
  /// 14 × 14 takes 1.6 times as long on two cores as on one, against 0.65 by channels). So kernels of planes split spatially where
  /// there are whole images for all, or at least 64 cache lines of each map for every worker.
  ///
  /// - Parameters:
  ///   - mapSize: the elements of a plane.
  ///   - batch: the images.
  ///   - workers: how many share the layer.
  @inlinable
  public static func sharePlaces(mapSize: Int, batch: Int, workers: Int) -> Bool {
    workers == 1 || batch % workers == 0 || mapSize / AlignedMemory.elementAlignment >= 64 * workers
  }

  /// Calls `body` with what this worker has of a layer that works plane by plane: some rows of all planes of an image where
  /// workers split spatially, all rows of some planes where they do not (``sharePlaces(mapSize:batch:workers:)``).
  ///
  /// - Parameters:
  ///   - batch: the images.
  ///   - channels: the planes of an image.
  ///   - height: the rows of an output plane.
  ///   - width: the columns of an output plane.
  ///   - body: takes planes, counted over all images, and rows; neither is empty.
  @inlinable
  public func forEachShare(
    batch: Int, channels: Int, height: Int, width: Int, _ body: (_ planes: Range<Int>, _ rows: Range<Int>) -> Void
  ) {
    guard Self.sharePlaces(mapSize: height * width, batch: batch, workers: count) else {
      let planes = share(of: batch * channels)
      if !planes.isEmpty, height > 0 { body(planes, 0..<height) }
      return
    }
    forEachPicture(batch: batch, height: height) { picture, rows in
      if channels > 0 { body(picture * channels..<(picture + 1) * channels, rows) }
    }
  }

  /// Calls `body` with each image of which this worker has rows, where workers share the rows of all images.
  @inlinable
  public func forEachPicture(batch: Int, height: Int, _ body: (_ picture: Int, _ rows: Range<Int>) -> Void) {
    let share = share(of: batch * height)
    var first = share.lowerBound
    while first < share.upperBound {
      let picture = first / height
      let end = min(share.upperBound, (picture + 1) * height)
      body(picture, first - picture * height..<end - picture * height)
      first = end
    }
  }
}
