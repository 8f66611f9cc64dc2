import Synchronization

/// A block of packed weights that is there already: a compiled network's file holds it.
///
/// `@unchecked Sendable`: whoever makes one promises that nobody writes the elements while ``owner`` lives.
package struct PackedBlock: @unchecked Sendable {
  /// The first element, 64-byte aligned; ``PackedWeights/capacity(count:)`` elements can be read.
  package let start: UnsafePointer<Float>
  /// The number of elements.
  package let count: Int
  /// Keeps the elements' memory.
  package let owner: any AnyObject & Sendable

  /// A block whose memory has been checked.
  package init(start: UnsafePointer<Float>, count: Int, owner: any AnyObject & Sendable) {
    self.start = start
    self.count = count
    self.owner = owner
  }
}

/// The blocks that one kernel asks for while it is prepared, in the order in which it asked when they were recorded.
///
/// Nothing is packed while they are bound: a block serves where one of its size is asked for.
package final class PackedBlockSupply: Sendable {
  @TaskLocal static var current: PackedBlockSupply?

  private let blocks: [PackedBlock]
  private let position = Atomic(0)

  /// A supply that begins with the first block.
  package init(_ blocks: [PackedBlock]) { self.blocks = blocks }

  /// Prepares a kernel on these blocks, all of which it has to take.
  ///
  /// - Throws: ``PackedBlockError``, and what `body` throws.
  package func bind<Result>(_ body: () throws -> Result) throws -> Result {
    let result = try Self.$current.withValue(self, operation: body)
    let taken = position.load(ordering: .relaxed)
    guard taken == blocks.count else { throw PackedBlockError.count(asked: taken, found: blocks.count) }
    return result
  }

  /// The next block.
  ///
  /// - Throws: ``PackedBlockError`` when it is not of that size, or there is none.
  func next(count: Int) throws(PackedBlockError) -> PackedBlock {
    let index = position.wrappingAdd(1, ordering: .relaxed).oldValue
    guard index < blocks.count else { throw .count(asked: index + 1, found: blocks.count) }
    guard blocks[index].count == count else { throw .size(asked: count, found: blocks[index].count) }
    return blocks[index]
  }
}

/// Notes the packed weights that one kernel makes while it is prepared.
package final class PackedBlockRecorder: Sendable {
  @TaskLocal static var current: PackedBlockRecorder?

  private let recorded = Lock<[PackedWeights]>([])

  /// A recorder of nothing.
  package init() {}

  /// Prepares a kernel and notes its packed weights.
  package func record<Result>(_ body: () throws -> Result) rethrows -> Result {
    try Self.$current.withValue(self, operation: body)
  }

  /// What was made, in order.
  package var weights: [PackedWeights] { recorded.withLock { $0 } }

  func add(_ weights: PackedWeights) { recorded.withLock { $0.append(weights) } }
}

/// Why the blocks of a file are not what a kernel asks for.
package enum PackedBlockError: Error, Equatable, CustomStringConvertible {
  /// A block has another number of elements.
  case size(asked: Int, found: Int)
  /// There are more or fewer blocks.
  case count(asked: Int, found: Int)

  /// Part of a line that names the layer.
  package var description: String {
    switch self {
    case .size(let asked, let found): "a block of packed weights has \(found) elements instead of \(asked)"
    case .count(let asked, let found): "there are \(found) blocks of packed weights instead of \(asked)"
    }
  }
}

/// Elements of tensors that are not there, because whoever reads the tensors has the packed weights instead; notes whether somebody
/// reads them all the same, who then finds zeros.
package final class WithheldElements: Sendable {
  private let asked = Atomic(false)

  /// Elements that nobody has asked for.
  package init() {}

  /// Whether somebody has asked for them.
  package var wereAskedFor: Bool { asked.load(ordering: .relaxed) }

  func noteAsked() { asked.store(true, ordering: .relaxed) }
}
