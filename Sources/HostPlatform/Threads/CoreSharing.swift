import CProcessor

/// Moves a worker away from the core of the thread that waits for it.
///
/// Linux often wakes a worker on the core of whoever wakes it, which is busy with its own share of the work; both then take
/// turns on one core until the balancer comes by, milliseconds later. Measured on a Zen 5 with two cores: a run of 0.5 ms
/// that follows a pause of 4 ms took 1.3 ms.
package enum CoreSharing {
  /// The calling thread's core; negative where the system does not tell.
  package static var currentCore: Int { Int(luthier_current_core()) }

  /// Sends the calling thread to another of its cores if it is on the given one. Its affinity is afterwards what it was,
  /// and a thread that has but one core stays there.
  package static func leave(_ core: Int) {
    #if os(Linux)
      guard core >= 0, currentCore == core else { return }
      // On the stack: nothing is allocated when a network runs. 8,192 cores are the most that Linux is built for.
      var mask = InlineArray<128, UInt>(repeating: 0)
      withUnsafeMutableBytes(of: &mask) { bytes in
        guard luthier_get_affinity(0, bytes.count, bytes.baseAddress) > -1, core / 8 < bytes.count else { return }
        let bit = UInt8(1) << UInt8(core % 8)
        bytes[core / 8] &= ~bit
        guard bytes.contains(where: { $0 != 0 }) else { return }
        guard luthier_set_affinity(0, bytes.count, bytes.baseAddress) == 0 else { return }
        bytes[core / 8] |= bit
        _ = luthier_set_affinity(0, bytes.count, bytes.baseAddress)
      }
    #endif
  }
}
