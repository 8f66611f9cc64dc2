public import HostPlatform
public import LayerKernels
import StandardKernels

/// What this machine could do at most, measured in this process, and how long a layer takes at least on it.
///
/// After Williams, Waterman and Patterson ("Roofline: An Insightful Visual Performance Model for Multicore Architectures",
/// CACM 52, 2009): a layer is bound by arithmetic or by bytes.
public struct Roofline: Sendable, Hashable, Codable {
  /// GFLOP/s of fused multiply-adds on all threads.
  public let peak: Double
  /// Bytes a nanosecond to the levels of the memory.
  public let bandwidth: MemoryBandwidth

  /// A roofline of known values.
  public init(peak: Double, bandwidth: MemoryBandwidth) {
    self.peak = peak
    self.bandwidth = bandwidth
  }

  /// Measures peak and bandwidths with as many threads as a network runs on; takes some tens of milliseconds.
  ///
  /// - Throws: `InstructionSetError` when an instruction set is forced that the processor lacks, or `ThreadTeamError`.
  public static func measure(threads: Int) throws -> Roofline {
    let clock = SystemClock()
    let team = try ThreadTeam(threads: threads)
    return Roofline(
      peak: try PeakArithmetic.measure(InstructionSet.chosen(), clock: clock) * Double(threads),
      bandwidth: MemoryBandwidth.measure(team: team, clock: clock))
  }

  /// The least time of a layer in nanoseconds.
  ///
  /// Activations come from the nearest level that holds those of the layer; weights from the nearest that holds those of
  /// the whole network, since all of them pass by between two uses of the same ones.
  ///
  /// - Parameters:
  ///   - problem: the layer.
  ///   - networkWeights: bytes of the weights of all layers.
  public func leastTime(of problem: some LayerProblem, networkWeights: Int) -> Double {
    let size = MemoryLayout<Float>.stride
    let activations = problem.activationElementCount * size
    let weights = max(problem.memoryAccessCost * size - activations, 0)
    let bytes =
      Double(activations) / max(bandwidth.bandwidth(holding: activations), 1e-9)
      + Double(weights) / max(bandwidth.bandwidth(holding: networkWeights), 1e-9)
    return max(Double(problem.operationCount.flopsWithBias) / max(peak, 1e-9), bytes)
  }
}
