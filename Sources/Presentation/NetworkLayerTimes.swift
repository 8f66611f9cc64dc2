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

  /// A step that is an operator over tensors, which no kernel computes.
  public struct Operator: Encodable {
    /// The node's name.
    public let node: String
    /// The operator.
    public let operator_name: String
    /// How many of the layers run before it.
    public let after_layers: Int
    /// The median of its time.
    public let median_us: Double
    /// Its part of the model's time.
    public let share: Double
  }

  /// The model's name.
  public let network: String
  /// The threads that run it.
  public let threads: Int
  /// The sum of the steps' medians.
  public let total_ms: Double
  /// Of the measured peak, over the whole model.
  public let fraction_of_peak: Double
  /// The sum of the layers' least times over the sum of their times.
  public let fraction_of_roofline: Double
  /// What was measured of the machine in the same run.
  public let roofline: Roofline
  /// The layers of all its networks in order.
  public let layers: [Layer]
  /// The operators over tensors in order; none of a model that is one network of layers.
  public let operators: [Operator]
  /// Channel movements that take no time and move no bytes.
  public let free_movements: [String]

  /// A step with the medians of its times in nanoseconds.
  public enum Step {
    /// A network with the times of its layers.
    case network(CompiledNetwork, medians: [Double])
    /// An operator over tensors.
    case tensorOperator(node: String, operatorName: String, median: Double)
  }

  /// Puts times beside the roofline.
  public init(_ name: String, threads: Int, steps: [Step], roofline: Roofline) {
    let size = MemoryLayout<Float>.stride
    var total = 0.0
    var weights = 0
    for step in steps {
      switch step {
      case .network(let network, let medians):
        total += medians.reduce(0, +)
        weights += network.layers.reduce(0) { $0 + $1.problem.parameterCount * size }
      case .tensorOperator(_, _, let median): total += median
      }
    }
    var layers: [Layer] = []
    var operators: [Operator] = []
    var movements: [String] = []
    var (layerTime, least, flops) = (0.0, 0.0, 0.0)
    for step in steps {
      switch step {
      case .tensorOperator(let node, let operatorName, let median):
        operators.append(
          Operator(
            node: node, operator_name: operatorName, after_layers: layers.count, median_us: median / 1e3,
            share: median / max(total, 1)))
      case .network(let network, let medians):
        movements += network.freeMovements
        for (layer, time) in zip(network.layers, medians) {
          let bound = roofline.leastTime(of: layer.problem, networkWeights: weights)
          layerTime += time
          least += bound
          flops += Double(layer.problem.operationCount.flopsWithBias)
          layers.append(Layer(layer, time: time, bound: bound, total: total, roofline))
        }
      }
    }
    network = name
    self.threads = threads
    self.layers = layers
    self.operators = operators
    total_ms = total / 1e6
    fraction_of_peak = flops / max(total, 1) / max(roofline.peak, 1e-9)
    fraction_of_roofline = least / max(layerTime, 1)
    self.roofline = roofline
    free_movements = movements
  }
}

extension NetworkLayerTimes.Layer {
  fileprivate init(_ layer: CompiledLayer, time: Double, bound: Double, total: Double, _ roofline: Roofline) {
    let problem = layer.problem
    let operations = Double(problem.operationCount.flopsWithBias)
    let bytes = problem.memoryAccessCost * MemoryLayout<Float>.stride
    self.init(
      layer: layer.name, kernel: layer.choice.candidate.name, source: layer.choice.source.description,
      problem: problem.key.description, is_conversion: layer.isConversion, threads: layer.threads,
      median_us: time / 1e3, share: time / max(total, 1), gflops: operations / max(time, 1),
      fraction_of_peak: operations / max(time, 1) / max(roofline.peak, 1e-9), bytes: bytes,
      gigabytes_per_second: Double(bytes) / max(time, 1),
      arithmetic_intensity: operations / Double(max(bytes, 1)), fraction_of_roofline: bound / max(time, 1),
      bound: operations / max(roofline.peak, 1e-9) >= bound ? .arithmetic : .bytes)
  }
}
