/// The memory of one operand in a given layout, with guards around everything that a kernel may not write.
///
/// The tuner and the conformance kit run kernels on these: a kernel that writes past a plane's slack, before its first
/// element or into its input is found out.
public final class OperandMemory {
  /// The activation's shape.
  public let shape: TensorShape
  /// How it lies.
  public let layout: TensorLayout

  private let memory: UnsafeMutablePointer<Float>
  private let count: Int
  private let planes: UnsafeMutablePointer<Int32>
  private let planeCount: Int
  /// Elements of a block that are the activation's own, and those up to the end of its slack.
  private let blockSize: Int
  private let paddedBlockSize: Int
  /// What an input held when it was filled.
  private var original: Tensor?

  /// Guard elements before the first block and behind each one.
  private static let guardCount = 16
  /// A NaN of our own: arithmetic does not produce its payload.
  private static let guardPattern: UInt32 = 0x7FC0_5EED

  /// Memory for an activation; with `shuffling` the planes of a plane list lie in a random order.
  ///
  /// - Throws: ``ProblemError`` when the layout needs another rank or the memory cannot be addressed.
  public init(shape: TensorShape, layout: TensorLayout, shuffling seed: UInt64? = nil) throws(ProblemError) {
    if layout != .rowMajor { try checkSize("\(layout.rawValue) rank", shape.rank, in: 4...4) }
    self.shape = shape
    self.layout = layout
    let isPlaneList = layout == .planeList
    planeCount = isPlaneList ? shape[0] * shape[1] : 1
    blockSize = isPlaneList ? shape[2] * shape[3] : shape.elementCount
    // Only a plane list has slack that may be written.
    paddedBlockSize = isPlaneList ? AlignedMemory.paddedCount(blockSize) : blockSize
    let stride = AlignedMemory.paddedCount(paddedBlockSize) + Self.guardCount
    let (total, overflow) = stride.multipliedReportingOverflow(by: max(planeCount, 1))
    guard !overflow, total < TensorShape.maximumElementCount - Self.guardCount else {
      throw .inconsistent("an operand of shape \(shape) is too large to address")
    }
    count = Self.guardCount + total
    memory = AlignedMemory.allocate(count: count)
    planes = .allocate(capacity: max(planeCount, 1))
    var order = Array(0..<max(planeCount, 1))
    if let seed {
      var random = RandomSource(seed: seed)
      order.shuffle(using: &random)
    }
    for plane in order.indices {
      (planes + plane).initialize(to: Int32(Self.guardCount + order[plane] * stride))
    }
    let guardValue = Float(bitPattern: Self.guardPattern)
    for index in 0..<count { memory[index] = guardValue }
  }

  deinit {
    AlignedMemory.deallocate(memory)
    planes.deallocate()
  }

  /// What a kernel takes.
  public var operand: TensorOperand {
    if layout == .planeList { return TensorOperand(base: memory, planes: planes) }
    return TensorOperand(base: memory + Self.guardCount, planes: Self.zero)
  }

  /// Everything, guards included: for touching caches.
  public var elements: UnsafeBufferPointer<Float> { UnsafeBufferPointer(start: memory, count: count) }

  /// Writes an activation of the same shape; the slack of planes becomes NaN.
  public func fill(from tensor: Tensor) {
    precondition(tensor.shape == shape, "the tensor has another shape than the operand")
    poison()
    tensor.withElements { source in
      forEachElement { position, index in memory[position] = source[index] }
    }
    original = tensor
  }

  /// Makes everything that may be written NaN, so that an element that is never written is found out.
  public func poison() {
    original = nil
    for plane in 0..<planeCount {
      for index in 0..<paddedBlockSize { memory[Int(planes[plane]) + index] = .nan }
    }
  }

  /// The activation as it stands.
  public func tensor() -> Tensor {
    var tensor = Tensor(shape: shape)
    tensor.withMutableElements { target in
      forEachElement { position, index in target[index] = memory[position] }
    }
    return tensor
  }

  /// What was written where nothing may be, in words; nil when nothing was.
  public func damage() -> String? {
    var next = 0
    for start in (0..<planeCount).map({ Int(planes[$0]) }).sorted() {
      if let position = firstDamage(in: next..<start) {
        return "element \(position - start) before a \(blockName) was written"
      }
      next = start + paddedBlockSize
    }
    if let position = firstDamage(in: next..<count) {
      return
        "element \(position - next) behind the end of a \(blockName)\(layout == .planeList ? "'s slack" : "") was written"
    }
    if let original, !original.hasSameBits(as: tensor()) { return "an input was changed" }
    return nil
  }

  private var blockName: String { layout == .planeList ? "plane" : "tensor" }

  private func firstDamage(in range: Range<Int>) -> Int? {
    range.first { memory[$0].bitPattern != Self.guardPattern }
  }

  /// Calls `body` with each element's place in memory and its row-major index.
  private func forEachElement(_ body: (_ position: Int, _ index: Int) -> Void) {
    switch layout {
    case .rowMajor:
      for index in 0..<shape.elementCount { body(Self.guardCount + index, index) }
    case .planeList:
      for plane in 0..<planeCount {
        let start = Int(planes[plane])
        for pixel in 0..<blockSize { body(start + pixel, plane * blockSize + pixel) }
      }
    case .channelsLast:
      let channels = shape[1]
      let pixels = shape[2] * shape[3]
      for picture in 0..<shape[0] {
        for channel in 0..<channels {
          for pixel in 0..<pixels {
            body(
              Self.guardCount + (picture * pixels + pixel) * channels + channel,
              (picture * channels + channel) * pixels + pixel)
          }
        }
      }
    }
  }

  nonisolated(unsafe) private static let zero: UnsafePointer<Int32> = {
    let zero = UnsafeMutablePointer<Int32>.allocate(capacity: 1)
    zero.initialize(to: 0)
    return UnsafePointer(zero)
  }()
}

extension Tensor {
  /// Equal shapes and equal bits, NaN included.
  public func hasSameBits(as other: Tensor) -> Bool {
    shape == other.shape
      && withElements { a in
        other.withElements { b in zip(a, b).allSatisfy { $0.bitPattern == $1.bitPattern } }
      }
  }
}
