public import Luthier

/// A network's time, layer by layer, beside the machine's roofline: what `luthier profile` prints.
public struct NetworkLayerTimes: Encodable {
  /// What holds a layer back at least.
  public enum Bound: String, Encodable {
    /// The multiply-adds.
    case arithmetic
    /// The bytes that have to come and go.
    case bytes
  }

  /// One step of the network.
  public struct Layer: Encodable {
    /// The layer's name.
    public let layer: String
    /// The kernel and its configuration.
    public let kernel: String
    /// Where the choice came from.
    public let source: String
    /// The problem's key.
    public let problem: String
    /// Whether it only changes a layout.
    public let is_conversion: Bool
    /// The threads that share it.
    public let threads: Int
    /// The median of its time.
    public let median_us: Double
    /// Its part of the network's time.
    public let share: Double
    /// FLOPs a nanosecond.
    public let gflops: Double
    /// Of the measured peak of all threads.
    public let fraction_of_peak: Double
    /// Bytes that are read and written if every operand passes once.
    public let bytes: Int
    /// Those bytes a nanosecond.
    public let gigabytes_per_second: Double
    /// FLOPs a byte.
    public let arithmetic_intensity: Double
    /// The least time by the roofline over the measured time.
    public let fraction_of_roofline: Double
    /// What the least time consists of.
    public let bound: Bound
  }

  /// The network's name.
  public let network: String
  /// The threads that run it.
  public let threads: Int
  /// The sum of the layers' medians.
  public let total_ms: Double
  /// Of the measured peak, over the whole network.
  public let fraction_of_peak: Double
  /// The sum of the layers' least times over the sum of their times.
  public let fraction_of_roofline: Double
  /// What was measured of the machine in the same run.
  public let roofline: Roofline
  /// The steps in order.
  public let layers: [Layer]
  /// Channel movements that take no time and move no bytes.
  public let free_movements: [String]

  /// Puts times beside the roofline.
  ///
  /// - Parameter medians: nanoseconds of each of the network's layers.
  public init(_ network: CompiledNetwork, medians: [Double], roofline: Roofline) {
    let total = medians.reduce(0, +)
    let size = MemoryLayout<Float>.stride
    let weights = network.layers.reduce(0) { $0 + $1.problem.parameterCount * size }
    var least = 0.0
    var flops = 0.0
    layers = zip(network.layers, medians).map { layer, time in
      let problem = layer.problem
      let operations = Double(problem.operationCount.flopsWithBias)
      let bound = roofline.leastTime(of: problem, networkWeights: weights)
      let bytes = problem.memoryAccessCost * size
      least += bound
      flops += operations
      return Layer(
        layer: layer.name, kernel: layer.choice.candidate.name, source: layer.choice.source.description,
        problem: problem.key.description, is_conversion: layer.isConversion, threads: layer.threads,
        median_us: time / 1e3, share: time / max(total, 1), gflops: operations / max(time, 1),
        fraction_of_peak: operations / max(time, 1) / max(roofline.peak, 1e-9), bytes: bytes,
        gigabytes_per_second: Double(bytes) / max(time, 1),
        arithmetic_intensity: operations / Double(max(bytes, 1)), fraction_of_roofline: bound / max(time, 1),
        bound: operations / max(roofline.peak, 1e-9) >= bound ? .arithmetic : .bytes)
    }
    self.network = network.name
    threads = network.threads
    total_ms = total / 1e6
    fraction_of_peak = flops / max(total, 1) / max(roofline.peak, 1e-9)
    fraction_of_roofline = least / max(total, 1)
    self.roofline = roofline
    free_movements = network.freeMovements
  }
}
