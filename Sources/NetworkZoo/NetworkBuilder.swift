public import LayerKernels
public import Network

/// Builds a graph layer by layer, with weights drawn from a seed.
///
/// Batch normalisation is built as what it is at inference, a scale and a shift of each channel; the passes fold it into the
/// convolution before it. Trained weights come from ONNX files; a seeded network has the same shapes, costs and speed.
public struct NetworkBuilder {
  /// The graph so far.
  public private(set) var graph: Graph
  private var random: RandomSource
  private var layerCount = 0
  /// Weights that a trained network would have, biases and batch normalisations' scales and shifts included.
  public private(set) var parameterCount = 0

  /// Multiply-accumulates of convolutions and dense layers: what the papers' tables call FLOPs. ``OperationCount`` counts two
  /// FLOPs for each.
  public private(set) var multiplyAccumulates = 0
  /// What the network is to give.
  public let ending: Ending
  private var stages: [(stride: Int, value: Value)] = []

  /// A value of the network under construction.
  public typealias Value = ValueID

  /// Where a network ends.
  public enum Ending: Hashable, Sendable {
    /// At the scores of a classifier, `[N, classes]`, as an output `output`.
    case scores
    /// At its stages, as a detector's feature pyramid takes them: outputs `stride8`, `stride16` and so on, `[N, C, H, W]`.
    case stages
  }

  /// An empty network.
  public init(name: String, seed: UInt64, ending: Ending = .scores) {
    graph = Graph(name: name)
    random = RandomSource(seed: seed)
    self.ending = ending
  }

  /// The input image `[N, 3, size, size]`.
  ///
  /// - Throws: ``ProblemError`` or ``GraphError`` when the sizes cannot be.
  public mutating func input(batch: Int, channels: Int = 3, height: Int, width: Int) throws -> Value {
    try graph.addInput("input", shape: TensorShape([batch, channels, height, width]))
  }

  /// A convolution, by default without bias, as batch normalisation follows; its padding is half its kernel.
  ///
  /// - Throws: ``ProblemError`` or ``GraphError`` when the sizes do not fit.
  public mutating func convolution(
    _ value: Value, outputs: Int, kernel: Int, stride: Int = 1, groups: Int = 1, bias: Bool = false, padding: Int? = nil
  ) throws -> Value {
    let shape = graph[value].shape
    let problem = try ConvolutionProblem(
      batch: shape[0], inputChannels: shape[1], input: .init(height: shape[2], width: shape[3]),
      outputChannels: outputs,
      window: WindowGeometry(
        kernel: .init(kernel), stride: .init(stride), pads: .init(padding ?? kernel / 2)),
      groups: groups, epilogue: Epilogue(bias: bias))
    parameterCount += problem.filterShape.elementCount + (bias ? outputs : 0)
    multiplyAccumulates += problem.operationCount.multiplyAccumulates
    let parameters = problem.randomParameters(from: &random)
    return try graph.addLayer(nextName("conv"), problem, parameters: parameters, inputs: [value])
  }

  /// A batch normalisation at inference: a scale and a shift for each channel.
  ///
  /// - Throws: ``ProblemError`` or ``GraphError`` when the value has no channels.
  public mutating func batchNormalization(_ value: Value) throws -> Value {
    let shape = graph[value].shape
    let channels = try TensorShape([shape[1], 1, 1])
    parameterCount += 2 * shape[1]
    var scale = random.tensor(shape: channels, magnitude: 0.25)
    scale.withMutableElements { for index in $0.indices { $0[index] += 1 } }
    let shift = random.tensor(shape: channels, magnitude: 0.1)
    let name = nextName("bn")
    let scales = try graph.addConstant("\(name).scale", scale)
    let shifts = try graph.addConstant("\(name).shift", shift)
    let scaled = try graph.addLayer(
      "\(name).multiply", ElementwiseProblem(.multiply, shape, channels), inputs: [value, scales])
    return try graph.addLayer("\(name).add", ElementwiseProblem(.add, shape, channels), inputs: [scaled, shifts])
  }

  /// An activation function.
  ///
  /// - Throws: ``GraphError`` when the graph is full.
  public mutating func activation(_ value: Value, _ function: Activation = .relu) throws -> Value {
    try graph.addLayer(
      nextName(function.description), ElementwiseProblem(function, shape: graph[value].shape), inputs: [value])
  }

  /// Convolution, batch normalisation and activation: the unit that networks of this kind are made of.
  ///
  /// - Throws: ``ProblemError`` or ``GraphError`` when the sizes do not fit.
  public mutating func convolutionUnit(
    _ value: Value, outputs: Int, kernel: Int, stride: Int = 1, groups: Int = 1, activation: Activation = .relu
  ) throws -> Value {
    let convolved = try convolution(value, outputs: outputs, kernel: kernel, stride: stride, groups: groups)
    let normalized = try batchNormalization(convolved)
    return activation == .identity ? normalized : try self.activation(normalized, activation)
  }

  /// Convolution with bias, and ReLU: the unit of networks from before batch normalisation.
  ///
  /// - Throws: ``ProblemError`` or ``GraphError`` when the sizes do not fit.
  public mutating func biasedUnit(
    _ value: Value, outputs: Int, kernel: Int, stride: Int = 1, padding: Int? = nil
  ) throws -> Value {
    try activation(
      convolution(value, outputs: outputs, kernel: kernel, stride: stride, bias: true, padding: padding))
  }

  /// Pooling over windows; its padding is half its kernel unless said.
  ///
  /// - Throws: ``ProblemError`` or ``GraphError`` when the sizes do not fit.
  public mutating func pooling(
    _ value: Value, _ reduction: PoolingProblem.Reduction, kernel: Int, stride: Int, padding: Int? = nil,
    roundsUp: Bool = false
  ) throws -> Value {
    let shape = graph[value].shape
    let problem = try PoolingProblem(
      reduction, batch: shape[0], channels: shape[1], input: .init(height: shape[2], width: shape[3]),
      window: WindowGeometry(kernel: .init(kernel), stride: .init(stride), pads: .init(padding ?? kernel / 2)),
      roundsUp: roundsUp)
    return try graph.addLayer(nextName("\(reduction.rawValue)-pool"), problem, inputs: [value])
  }

  /// The mean of each plane: `[N, C, H, W]` to `[N, C, 1, 1]`.
  ///
  /// - Throws: ``ProblemError`` or ``GraphError`` when the sizes do not fit.
  public mutating func globalAveragePooling(_ value: Value) throws -> Value {
    let shape = graph[value].shape
    let problem = try PoolingProblem(
      global: .average, batch: shape[0], channels: shape[1], input: .init(height: shape[2], width: shape[3]))
    return try graph.addLayer(nextName("global-pool"), problem, inputs: [value])
  }

  /// A dense layer with bias over everything but the batch: `[N, …]` to `[N, outputs]`.
  ///
  /// - Throws: ``ProblemError`` or ``GraphError`` when the sizes do not fit.
  public mutating func dense(_ value: Value, outputs: Int) throws -> Value {
    let shape = graph[value].shape
    let depth = shape.elementCount / max(shape[0], 1)
    let name = nextName("dense")
    let rows = try graph.addMovement(
      "\(name).flatten", .reshape, inputs: [value], outputShape: TensorShape([1, shape[0], depth]))
    let problem = try MatrixMultiplyProblem(
      rows: shape[0], depth: depth, columns: outputs, epilogue: Epilogue(bias: true))
    parameterCount += problem.weightShape.elementCount + outputs
    multiplyAccumulates += problem.operationCount.multiplyAccumulates
    let parameters = problem.randomParameters(from: &random)
    let product = try graph.addLayer(name, problem, parameters: parameters, inputs: [rows])
    return try graph.addMovement(
      "\(name).scores", .reshape, inputs: [product], outputShape: TensorShape([shape[0], outputs]))
  }

  /// Everything but the batch in one dimension: `[N, C, H, W]` to `[N, C·H·W]`.
  ///
  /// - Throws: ``GraphError`` when the graph is full.
  public mutating func flattened(_ value: Value) throws -> Value {
    let shape = graph[value].shape
    return try graph.addMovement(
      nextName("flatten"), .reshape, inputs: [value],
      outputShape: TensorShape([shape[0], shape.elementCount / max(shape[0], 1)]))
  }

  /// Channels `range` of a value.
  ///
  /// - Throws: ``GraphError`` when the value lacks them.
  public mutating func channels(_ value: Value, _ range: Range<Int>) throws -> Value {
    try graph.addMovement(nextName("split"), .gather(axis: 1, indices: Array(range)), inputs: [value])
  }

  /// Values one after the other along the channels.
  ///
  /// - Throws: ``GraphError`` when their other sizes differ.
  public mutating func concatenate(_ values: [Value]) throws -> Value {
    try graph.addMovement(nextName("concat"), .concatenate(axis: 1), inputs: values)
  }

  /// Rows and columns 1, 3, 5 and so on, `[N, C, H, W]` to `[N, C, ⌈H/2⌉, ⌈W/2⌉]`; zeros after the last of an odd size.
  ///
  /// - Throws: ``GraphError`` when the graph is full.
  public mutating func oddPixels(_ value: Value) throws -> Value {
    var result = try graph.addMovement(
      nextName("pad"), .pad(before: [0, 0, 0, 0], after: [0, 0, 1, 1], value: 0), inputs: [value])
    for axis in 2...3 {
      let indices = Array(stride(from: 1, to: graph[result].shape[axis], by: 2))
      result = try graph.addMovement(nextName("odd"), .gather(axis: axis, indices: indices), inputs: [result])
    }
    return result
  }

  /// The channel shuffle of ShuffleNet (Zhang et al. 2017, section 3.1): channel `i` of group `g` becomes channel `g` of
  /// group `i`.
  ///
  /// - Throws: ``GraphError`` when the groups do not divide the channels.
  public mutating func shuffle(_ value: Value, groups: Int) throws -> Value {
    let channels = graph[value].shape[1]
    let perGroup = channels / max(groups, 1)
    let indices = (0..<channels).map { ($0 % groups) * perGroup + $0 / groups }
    return try graph.addMovement(nextName("shuffle"), .gather(axis: 1, indices: indices), inputs: [value])
  }

  /// The sum of two values of one shape.
  ///
  /// - Throws: ``ProblemError`` or ``GraphError`` when the shapes differ.
  public mutating func add(_ left: Value, _ right: Value) throws -> Value {
    try graph.addLayer(
      nextName("add"), ElementwiseProblem(.add, graph[left].shape, graph[right].shape), inputs: [left, right])
  }

  /// The product of a value with another of its shape or of one number a channel.
  ///
  /// - Throws: ``ProblemError`` or ``GraphError`` when the shapes do not broadcast.
  public mutating func multiply(_ left: Value, _ right: Value) throws -> Value {
    try graph.addLayer(
      nextName("multiply"), ElementwiseProblem(.multiply, graph[left].shape, graph[right].shape), inputs: [left, right])
  }

  /// The sizes of a value.
  public func shape(of value: Value) -> TensorShape { graph[value].shape }

  /// Marks the end of a stage, whose map is the image's size divided by `stride`; of two with one stride the later counts.
  public mutating func endStage(_ value: Value, stride: Int) {
    if stages.last?.stride == stride { stages.removeLast() }
    stages.append((stride, value))
  }

  /// The finished graph: with what `classify` builds after the last stage, or with the stages as ``ending`` says.
  ///
  /// - Throws: what `classify` throws.
  public mutating func finish(_ classify: (inout NetworkBuilder) throws -> Value) throws -> Graph {
    switch ending {
    case .scores: finish([("output", try classify(&self))])
    case .stages: finish(stages.map { ("stride\($0.stride)", $0.value) })
    }
  }

  /// Global average pooling and a dense layer: `[N, C, H, W]` to `[N, classes]`.
  ///
  /// - Throws: ``ProblemError`` or ``GraphError`` when the sizes do not fit.
  public mutating func pooledScores(_ value: Value, classes: Int) throws -> Value {
    try dense(globalAveragePooling(value), outputs: classes)
  }

  /// The finished graph with the given outputs.
  public mutating func finish(_ outputs: [(name: String, value: Value)]) -> Graph {
    for (name, value) in outputs {
      graph.rename(value, to: name)
      graph.addOutput(value)
    }
    return graph
  }

  private mutating func nextName(_ kind: String) -> String {
    layerCount += 1
    return "\(kind)\(layerCount)"
  }
}
