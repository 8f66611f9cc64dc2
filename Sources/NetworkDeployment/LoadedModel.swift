public import HostPlatform
public import LayerKernels
public import ModelExecution
public import Network
import ONNXModel
public import TensorOperators

/// A model that is ready to run: on inputs of every type that ONNX has, and of all shapes that the file leaves open.
///
/// The first run on inputs of new shapes plans the model for them; the latest ``ProgramCache/capacity`` plans are kept. Any number of threads
/// may run it at the same time.
///
/// ```swift
/// let model = try Deployment().loadModel("detector.onnx")
/// let boxes = try model.run([TypedTensor(image)])[0]
/// ```
public final class LoadedModel: Sendable {
  /// What is known of an input or output.
  public struct Port: Hashable, Sendable {
    /// The name that the model's file uses.
    public let name: String
    /// What the elements are; nil for an output of which the file does not say.
    public let type: ElementType?
    /// The sizes, `[N, C, H, W]` for images; nil where the model leaves them open, nil as a whole where not even their number is known.
    public let sizes: [Int?]?

    init(_ name: String, _ type: ElementType?, _ sizes: [Int?]?) {
      self.name = name
      self.type = type
      self.sizes = sizes
    }

    /// The sizes as `1x3x?x?`; `?` for open ones, `any shape` where nothing is known.
    public var shapeText: String {
      guard let sizes else { return "any shape" }
      return sizes.isEmpty ? "scalar" : sizes.map { $0.map(String.init) ?? "?" }.joined(separator: "x")
    }

    /// Whether a shape has the sizes that are known.
    func admits(_ shape: TensorShape) -> Bool {
      guard let sizes else { return true }
      return sizes.count == shape.rank && zip(sizes, shape.dimensions).allSatisfy { $0 == nil || $0 == $1 }
    }
  }

  private enum Content: Sendable {
    /// One network of layers, of the only shapes that there are.
    case network(CompiledNetwork)
    case programs(ProgramCache)
  }

  /// The model's name.
  public let name: String
  /// What callers provide, in order.
  public let inputs: [Port]
  /// What callers receive, in order.
  public let outputs: [Port]
  /// The types of the inputs for which the model was planned when it was loaded; nil where neither its file nor the deployment said all
  /// sizes.
  public let loadedTypes: [TensorType]?
  private let content: Content
  /// How callers lay out the inputs of rank 4 of a program; a network reads what they hand over as it is.
  private let inputLayout: TensorLayout

  /// A model that is one network.
  ///
  /// - Parameter outputNames: what the file calls the outputs; one value of a network may be two of them.
  init(_ network: CompiledNetwork, outputNames: [String]? = nil) {
    name = network.name
    inputs = network.inputs.map { Port($0.name, .f32, $0.shape.dimensions) }
    outputs = network.outputs.enumerated().map { index, output in
      Port(outputNames?[index] ?? output.name, .f32, output.shape.dimensions)
    }
    loadedTypes = network.inputs.map { TensorType(.f32, $0.shape) }
    content = .network(network)
    inputLayout = .rowMajor
  }

  /// A model of programs; of inputs of the given types only, where those are given.
  ///
  /// - Parameters:
  ///   - outputTypes: what the outputs are for those inputs. The file may say something else, which callers cannot use: other programs
  ///     only warn of it.
  ///   - loadedTypes: those that the model is planned for already.
  init(
    _ model: ONNXModel, inputTypes: [TensorType]? = nil, outputTypes: [TensorType?]? = nil,
    loadedTypes: [TensorType]? = nil, programs: ProgramCache, inputLayout: TensorLayout = .rowMajor
  ) {
    name = model.name
    inputs = model.inputs.enumerated().map { index, input in
      Port(input.name, input.type, inputTypes?[index].shape.dimensions ?? input.sizes)
    }
    outputs = model.outputs.enumerated().map { index, output in
      guard let type = outputTypes?[index] else { return Port(output.name, output.type, output.sizes) }
      return Port(output.name, type.type, type.shape.dimensions)
    }
    self.loadedTypes = loadedTypes
    content = .programs(programs)
    self.inputLayout = inputLayout
  }

  /// The one network of layers that the model is; nil when there is more to it or its shapes are open.
  public var wholeNetwork: CompiledNetwork? { if case .network(let network) = content { network } else { nil } }

  /// The networks of layers that run inputs of the given types, planned now if they were not met lately.
  ///
  /// - Throws: what planning and compiling throw.
  public func networks(for inputs: [TypedTensor]) throws -> [CompiledNetwork] {
    switch content {
    case .network(let network): [network]
    case .programs(let programs): try programs.program(for: inputs.map { TensorType($0) }).networks
    }
  }

  /// Runs the model once.
  ///
  /// The shapes are the model's, `[N, C, H, W]` for images, also where callers lay out the elements in another way
  /// (``Deployment/inputLayout``).
  ///
  /// - Throws: ``ModelInputError`` when the inputs are not what the model takes; what planning throws for shapes that were not met lately;
  ///   ``ProgramError`` when an operator cannot be computed on these elements.
  public func run(_ tensors: [TypedTensor]) throws -> [TypedTensor] {
    try check(tensors)
    switch content {
    case .network(let network):
      return try network.run(tensors.map(\.asFloats)).map { TypedTensor($0) }
    case .programs(let programs):
      return try programs.run(inputLayout == .channelsLast ? tensors.map { $0.fromChannelsLast() } : tensors)
    }
  }

  /// Runs the model once and gives the time of each step.
  ///
  /// - Throws: as ``run(_:)``.
  public func profile(_ tensors: [TypedTensor], clock: some MonotonicClock) throws -> [ModelProgram.StepTime] {
    try check(tensors)
    switch content {
    case .network(let network):
      return [
        .network(network, layers: try network.makeContext().profile(tensors.map(\.asFloats), clock: clock))
      ]
    case .programs(let programs):
      return try programs.program(for: tensors.map { TensorType($0) }).profile(tensors, clock: clock)
    }
  }

  /// Inputs of the types for which the model was planned when it was loaded: floats from −1 to 1, whole numbers 0 and 1.
  ///
  /// - Throws: ``ModelInputError/open(name:shape:)`` where sizes are open.
  public func randomInputs(seed: UInt64) throws(ModelInputError) -> [TypedTensor] {
    guard let loadedTypes else {
      let port = inputs.first { $0.sizes?.contains(nil) ?? true }
      throw .open(name: port?.name ?? "", shape: port?.shapeText ?? "open")
    }
    var random = RandomSource(seed: seed)
    return loadedTypes.map { random.tensor($0) }
  }

  private func check(_ tensors: [TypedTensor]) throws(ModelInputError) {
    guard tensors.count == inputs.count else { throw .count(expected: inputs.count, found: tensors.count) }
    for (tensor, port) in zip(tensors, inputs) {
      guard port.type == tensor.type, port.admits(tensor.shape) else {
        throw .mismatch(
          name: port.name, expected: "\(port.type?.rawValue ?? "any type") \(port.shapeText)",
          found: "\(tensor.type) \(tensor.shape)")
      }
    }
  }
}

extension RandomSource {
  /// A tensor of any type: floats in [−1, 1), whole numbers 0 and 1, which are indices and counts of almost everything.
  fileprivate mutating func tensor(_ type: TensorType) -> TypedTensor {
    guard !type.type.isFloat else { return TypedTensor(tensor(shape: type.shape)).converted(to: type.type) }
    var bits = TypedTensor(.u8, shape: type.shape)
    bits.withMutableBytes { bytes in
      for index in bytes.indices { bytes[index] = UInt8(next() & 1) }
    }
    return bits.converted(to: type.type)
  }
}

/// Why a model cannot be run on what was given.
public enum ModelInputError: Error, Equatable, CustomStringConvertible {
  /// There are more or fewer inputs than the model has.
  case count(expected: Int, found: Int)
  /// An input has another type or shape.
  case mismatch(name: String, expected: String, found: String)
  /// An input's sizes are needed and open.
  case open(name: String, shape: String)
  /// No input has the name for which a shape was given.
  case unknown(name: String, known: [String])

  /// One line that names the input, what it is and what was given.
  public var description: String {
    switch self {
    case .count(let expected, let found): "the model has \(expected) inputs, but \(found) were given"
    case .mismatch(let name, let expected, let found):
      "input '\(name.asSingleLine)' is \(expected), but \(found) was given"
    case .open(let name, let shape):
      "input '\(name.asSingleLine)' is \(shape): give the sizes that the model leaves open (--shape, --input-size, --batch)"
    case .unknown(let name, let known):
      "the model has no input '\(name.asSingleLine)', for which a shape was given; it has \(known.map { "'\($0.asSingleLine)'" }.joined(separator: ", "))"
    }
  }
}
