import HostPlatform
import LayerKernels

/// Puts the caches into the state in which a layer finds them inside a network: the activations that the layer before has
/// just written are in the second-level caches of the cores that wrote them, the weights are in none.
///
/// Before a timed run every thread reads through a buffer larger than its second-level cache, which pushes out what an
/// earlier run left, weights included. Then each writes, with the values that are there, its share of the inputs and of the
/// output: of spatial positions or of channels, as the kernels of planes do (``Worker/sharePlaces(mapSize:batch:workers:)``).
/// A kernel that shares its work otherwise than the layers around it pays here what it would pay there. All of it is outside
/// the timed span.
final class CacheState {
  private let sweep: UnsafeMutablePointer<Float>
  private let sweepCount: Int

  /// A sweep over twice the second-level cache of the given processor.
  init(caches: CacheHierarchy = Processor.current.caches) {
    // Bounded, since a virtual machine may claim any size.
    sweepCount = min(max(2 * caches.l2.byteCount, 1 << 20), 16 << 20) / MemoryLayout<Float>.stride
    sweep = AlignedMemory.allocate(count: sweepCount)
  }

  deinit { AlignedMemory.deallocate(sweep) }

  /// Pushes out what the caches of the team's cores hold, and lets each member have its share of the operands.
  func prepare(_ operands: [OperandMemory], team: ThreadTeam) {
    team.run(Preparation(sweep: UnsafeBufferPointer(start: sweep, count: sweepCount), operands: operands))
  }

  /// What each member does.
  ///
  /// `@unchecked Sendable`: the sweep is only read, members change different elements of the operands, and the caller waits.
  private struct Preparation: TeamWork, @unchecked Sendable {
    let sweep: UnsafeBufferPointer<Float>
    let operands: [OperandMemory]

    func run(as member: borrowing TeamMember) {
      var sum: Float = 0
      for index in stride(from: 0, to: sweep.count, by: AlignedMemory.elementAlignment) { sum += sweep[index] }
      let worker = Worker(index: member.index, count: member.count)
      // The signs change twice. The sum is zero, and keeps the reads from being left out.
      for _ in 0..<2 {
        for operand in operands {
          operand.forEachShare(of: worker) { share in
            for index in stride(from: 0, to: share.count, by: AlignedMemory.elementAlignment) {
              share[index] = Float(bitPattern: share[index].bitPattern ^ (sum == 0 ? 1 << 31 : 0))
            }
          }
        }
        member.barrier()
      }
    }
  }
}
