import LayerKernels

/// Blocks of floats that a file is going to hold, each of them once.
struct CompiledFileBlocks {
  private enum Content {
    case packed(PackedWeights)
    case tensor(Tensor)
  }

  private struct Place: Hashable {
    let start: UnsafeRawPointer?
    let count: Int
  }

  private var contents: [Content] = []
  private var counts: [Int] = []
  private var known: [Place: Int] = [:]

  /// The index of packed weights' block.
  mutating func index(of weights: PackedWeights) -> Int {
    index(.packed(weights), Place(start: UnsafeRawPointer(weights.start), count: weights.count))
  }

  /// The index of a tensor's block.
  mutating func index(of tensor: Tensor) -> Int {
    let start = tensor.withElements { UnsafeRawPointer($0.baseAddress) }
    return index(.tensor(tensor), Place(start: start, count: tensor.shape.elementCount))
  }

  private mutating func index(_ content: Content, _ place: Place) -> Int {
    if let index = known[place] { return index }
    contents.append(content)
    counts.append(place.count)
    known[place] = contents.count - 1
    return contents.count - 1
  }

  /// Bytes of all blocks with what may be read after them.
  var byteCount: Int { counts.reduce(0) { $0 + Self.byteCount(of: $1) } }

  static func byteCount(of count: Int) -> Int {
    PackedWeights.capacity(count: count) * MemoryLayout<Float>.stride
  }

  /// The table: the number of blocks, and for each its elements. They lie one after the other.
  func writeTable(to writer: inout ByteWriter) { writer.write(counts: counts) }

  func write(to writer: inout ByteWriter) {
    for (content, count) in zip(contents, counts) {
      switch content {
      case .packed(let weights):
        writer.append(UnsafeRawBufferPointer(start: weights.start, count: Self.byteCount(of: count)))
      case .tensor(let tensor):
        tensor.withElements { writer.append(UnsafeRawBufferPointer($0)) }
        let rest = Self.byteCount(of: count) - count * MemoryLayout<Float>.stride
        [UInt8](repeating: 0, count: rest).withUnsafeBytes { writer.append($0) }
      }
    }
  }
}

/// The blocks of a file in memory.
struct MappedBlocks {
  private let blocks: [PackedBlock]

  /// Checks that the blocks fill the weights of a file.
  init(_ table: UnsafeRawBufferPointer, in memory: CompiledFileMemory, _ weights: Range<Int>) throws(FileDamage) {
    var reader = ByteReader(table)
    let counts = try reader.counts(upTo: weights.count / MemoryLayout<Float>.stride)
    try reader.end()
    var blocks: [PackedBlock] = []
    blocks.reserveCapacity(counts.count)
    var offset = weights.lowerBound
    for count in counts {
      let size = CompiledFileBlocks.byteCount(of: count)
      guard size <= weights.upperBound - offset, let base = memory.bytes.baseAddress else {
        throw FileDamage("a block of weights is outside the file")
      }
      // On 64 bytes, as the weights begin on a page, and a block's size is a multiple of that.
      blocks.append(
        PackedBlock(start: (base + offset).assumingMemoryBound(to: Float.self), count: count, owner: memory))
      offset += size
    }
    guard offset == weights.upperBound else { throw FileDamage("there are weights of no block") }
    self.blocks = blocks
  }

  subscript(_ index: Int) -> PackedBlock {
    get throws(FileDamage) {
      guard blocks.indices.contains(index) else { throw FileDamage("there is no block \(index)") }
      return blocks[index]
    }
  }

  /// A tensor whose elements are a block.
  func tensor(_ index: Int, shape: TensorShape) throws(FileDamage) -> Tensor {
    let block = try self[index]
    guard block.count == shape.elementCount else {
      throw FileDamage("a block of \(block.count) elements is no tensor of shape \(shape)")
    }
    return Tensor(shape: shape, borrowing: block.start, owner: block.owner)
  }
}
