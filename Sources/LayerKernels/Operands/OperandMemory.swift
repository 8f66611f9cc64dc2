/// The memory of one operand in a given layout, with guards around everything that a kernel may not write.
///
/// The tuner and the conformance kit run kernels on these: a kernel that writes past a plane's slack, before its first
/// element or into its input is found out.
public final class OperandMemory {
  /// The activation's shape.
  public let shape: TensorShape
  /// How it lies.
  public let layout: TensorLayout
  /// Which multiples its bytes are; nil for layouts of floats.
  private let steps: Quantisation?

  private let blocks: OperandBlocks
  private let memory: UnsafeMutablePointer<Float>
  /// The fences around the memory; nil where there are none.
  private let fences: FencedMemory?
  private let planes: UnsafeMutablePointer<Int32>
  /// What an input held when it was filled.
  private var original: Tensor?
  private let salt: UInt32
  private var poisonings = 0

  /// Memory for an activation.
  ///
  /// - Parameters:
  ///   - shape: the activation's shape.
  ///   - layout: how it lies.
  ///   - seed: for planes in a random order with guards between them and wide ones after, to check a kernel;
  ///     nil for planes one after the other, as networks place them, to time one.
  ///   - offset: elements by which the first element of a layout without planes lies after a 64-byte boundary, 0 to 15:
  ///     callers' memory is aligned to 4 bytes only.
  ///   - steps: the multiples that the activation is, which bytes need.
  ///   - fenced: whether what lies beyond the guards kills the process that touches it.
  /// - Throws: ``ProblemError`` when the layout needs another rank or the memory cannot be addressed.
  public init(
    shape: TensorShape, layout: TensorLayout, shuffling seed: UInt64? = nil, offset: Int = 0,
    steps: Quantisation? = nil, fenced: Bool = false
  ) throws(ProblemError) {
    self.shape = shape
    self.layout = layout
    guard layout != .bytes || steps?.fitsByte == true else {
      throw .inconsistent("bytes hold only whole multiples of a step, at most 256 of them")
    }
    self.steps = layout == .bytes ? steps : nil
    blocks = try OperandBlocks(shape: shape, layout: layout, shuffling: seed, offset: offset)
    fences = fenced ? try FencedMemory(byteCount: blocks.totalCount * MemoryLayout<Float>.stride) : nil
    memory =
      fences?.start.bindMemory(to: Float.self, capacity: blocks.totalCount)
      ?? AlignedMemory.allocateUninitialized(count: blocks.totalCount)
    salt = UInt32(truncatingIfNeeded: UInt(bitPattern: memory) >> 6)
    planes = .allocate(capacity: max(blocks.starts.count, 1))
    planes.initialize(to: 0)
    for (plane, start) in blocks.starts.enumerated() { (planes + plane).initialize(to: Int32(start)) }
    for index in 0..<blocks.totalCount {
      (memory + index).initialize(to: Poison.outside.value(at: index, salt: salt))
    }
    poison()
  }

  deinit {
    if fences == nil { AlignedMemory.deallocate(memory) }
    planes.deallocate()
  }

  /// What a kernel takes.
  public var operand: TensorOperand {
    if layout == .planeList { return TensorOperand(base: memory, planes: planes) }
    return TensorOperand(base: memory + Int(planes[0]), planes: Self.zero)
  }

  /// Calls `body` with each run of elements that a worker has written if this is what kernels of planes have made: some
  /// positions of every plane or whole planes (``Worker/sharePlaces(mapSize:batch:workers:)``), or a part of a tensor in one piece.
  ///
  /// Different workers may be given their shares at the same time.
  public func forEachShare(of worker: Worker, _ body: (UnsafeMutableBufferPointer<Float>) -> Void) {
    let starts = blocks.starts
    let batch = shape.rank > 0 ? shape[0] : 1
    let splitsBlocks =
      layout != .planeList
      || batch % worker.count != 0 && Worker.sharePlaces(mapSize: blocks.size, batch: batch, workers: worker.count)
    let elements =
      splitsBlocks ? worker.share(of: blocks.size, granule: AlignedMemory.elementAlignment) : 0..<blocks.size
    for block in splitsBlocks ? 0..<starts.count : worker.share(of: starts.count) {
      body(UnsafeMutableBufferPointer(start: memory + starts[block] + elements.lowerBound, count: elements.count))
    }
  }

  /// Writes an activation of the same shape; the slack of planes becomes NaN.
  public func fill(from tensor: Tensor) {
    precondition(tensor.shape == shape, "the tensor has another shape than the operand")
    poison(.slack)
    tensor.withElements { source in
      if let steps {
        let bytes = operand.bytes
        forEachElement { position, index in bytes[position - Int(planes[0])] = steps.byte(source[index]) }
      } else {
        forEachElement { position, index in memory[position] = source[index] }
      }
    }
    original = steps == nil ? tensor : self.tensor()
  }

  /// Makes everything that may be written NaN, so that an element that is never written is found out.
  public func poison() { poison(.unwritten) }

  private func poison(_ poison: Poison) {
    original = nil
    if steps != nil {
      // No byte is a NaN: numbers that follow from nothing, others each time.
      poisonings &+= 1
      for index in 0..<blocks.writableSize {
        memory[blocks.starts[0] + index] = Float(
          bitPattern: UInt32(truncatingIfNeeded: (index &+ poisonings &* 7919) &* 0x9E37_79B1) ^ salt)
      }
      return
    }
    for start in blocks.starts {
      (memory + start).update(repeating: poison.value, count: blocks.writableSize)
    }
  }

  /// The activation as it stands.
  public func tensor() -> Tensor {
    var tensor = Tensor(shape: shape)
    tensor.withMutableElements { target in
      if let steps {
        let bytes = operand.bytes
        forEachElement { position, index in target[index] = steps.number(bytes[position - Int(planes[0])]) }
      } else {
        forEachElement { position, index in target[index] = memory[position] }
      }
    }
    return tensor
  }

  /// What was written where nothing may be, in words; nil when nothing was.
  public func damage() -> String? {
    let block = layout == .planeList ? "plane" : "tensor"
    let end = layout == .planeList ? "plane's slack" : "tensor"
    var next: Int?
    for start in blocks.starts.sorted() + [blocks.totalCount] {
      let gap = (next ?? 0)..<start
      let previous = next
      next = start + blocks.writableSize
      guard let first = gap.first(where: isDamaged), let last = gap.last(where: isDamaged) else { continue }
      let distance = start - last
      // Of the two blocks beside the gap the nearer one's kernel is meant.
      if let previous, start == blocks.totalCount || first - previous < distance {
        return "memory was written \(first - previous + 1) elements past the end of a \(end)"
      }
      return "memory was written \(distance) elements before a \(block)"
    }
    if let original, !original.hasSameBits(as: tensor()) { return "the input was changed" }
    return nil
  }

  private func isDamaged(_ index: Int) -> Bool {
    memory[index].bitPattern != Poison.outside.value(at: index, salt: salt).bitPattern
  }

  /// Calls `body` with each element's position in memory and its row-major index.
  private func forEachElement(_ body: (_ position: Int, _ index: Int) -> Void) {
    guard layout.isChannelsLast else {
      for (block, start) in blocks.starts.enumerated() {
        for element in 0..<blocks.size { body(start + element, block * blocks.size + element) }
      }
      return
    }
    let channels = shape[1]
    let pixels = shape[2] * shape[3]
    for picture in 0..<shape[0] {
      let start = blocks.starts[0] + picture * pixels * channels
      for channel in 0..<channels {
        for pixel in 0..<pixels {
          body(start + pixel * channels + channel, (picture * channels + channel) * pixels + pixel)
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
