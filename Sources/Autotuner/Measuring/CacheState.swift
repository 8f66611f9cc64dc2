import HostPlatform
import LayerKernels

/// Puts the caches into the state in which a layer finds them inside a network: the activations that the layer before has
/// just written are in the second-level cache, the weights are not.
///
/// Before a timed run a buffer larger than the second-level cache is read through, which pushes out what an earlier run left,
/// weights included; then the inputs and the output are touched, which brings them back. Outside the timed span, both.
public final class CacheState {
  private let sweep: UnsafeMutablePointer<Float>
  private let sweepCount: Int
  private var sum: Float = 0

  /// A sweep over twice the second-level cache of the given processor.
  public init(caches: CacheHierarchy = Processor.current.caches) {
    // Bounded, since a virtual machine may claim any size.
    sweepCount = min(max(2 * caches.l2.byteCount, 1 << 20), 16 << 20) / MemoryLayout<Float>.stride
    sweep = AlignedMemory.allocate(count: sweepCount)
  }

  deinit { AlignedMemory.deallocate(sweep) }

  /// Pushes out what the caches hold and brings the given memory back.
  public func prepare(touching regions: [UnsafeBufferPointer<Float>]) {
    var total: Float = 0
    for index in stride(from: 0, to: sweepCount, by: AlignedMemory.elementAlignment) { total += sweep[index] }
    for region in regions {
      for index in stride(from: 0, to: region.count, by: AlignedMemory.elementAlignment) { total += region[index] }
    }
    // Kept, so that the reads are not optimised away.
    sum = total
  }
}
