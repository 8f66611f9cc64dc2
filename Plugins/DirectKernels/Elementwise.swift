import LayerKernels
import MicroKernels

/// Functions of corresponding elements, with NumPy's broadcasting.
///
/// Configuration: `layout`, 0 plane lists, 1 row-major, 2 channels last. In planes and channels last, an input has the
/// output's shape or one number for each channel or for all; such an input is row-major in any case.
public struct Elementwise: LayerKernel {
  /// `direct.elementwise`
  public let identifier: KernelIdentifier = "direct.elementwise"
  /// The second: exponentials reach 0 and infinity.
  public let version = 2
  private let set: MicroKernelSet

  /// The layouts in the order in which a configuration counts them.
  private static let layouts: [TensorLayout] = [.planeList, .rowMajor, .channelsLast]

  /// The kernel on an instruction set.
  public init(_ set: MicroKernelSet) { self.set = set }

  /// Always.
  public func applicability(to problem: ElementwiseProblem) -> Applicability { .applies }

  /// A twentieth: memory decides.
  public func expectedEfficiency(for problem: ElementwiseProblem) -> Double { 0.05 }

  /// One for each layout that the shapes can have.
  public func configurations(for problem: ElementwiseProblem) -> [KernelConfiguration] {
    Self.choices(problem).map { ["layout": $0] }
  }

  private static func choices(_ problem: ElementwiseProblem) -> [Int] {
    let roles = problem.inputShapes.map { InputRole($0, of: problem.outputShape) }
    guard problem.outputShape.rank == 4, roles.contains(.whole), roles.allSatisfy({ $0 != .other }) else { return [1] }
    // One number for each image is none for each channel of channels last.
    return roles.contains(.plane) && problem.outputShape[0] > 1 ? [0, 1] : [0, 1, 2]
  }

  /// The configuration's layout for the output and the inputs of its shape, row-major for others.
  public func layouts(for problem: ElementwiseProblem, configuration: KernelConfiguration) -> OperandLayouts {
    let choice = configuration["layout"] ?? 1
    let layout = Self.layouts.indices.contains(choice) ? Self.layouts[choice] : .rowMajor
    return OperandLayouts(
      inputs: problem.inputShapes.map { InputRole($0, of: problem.outputShape) == .whole ? layout : .rowMajor },
      output: layout)
  }

  /// Finds out how the inputs are walked.
  ///
  /// - Throws: ``KernelError`` when the configuration names no layout, or one that the shapes cannot have.
  public func prepare(
    _ problem: ElementwiseProblem, configuration: KernelConfiguration, parameters: NoParameters
  ) throws -> any PreparedKernel {
    let choice = try configuration.value("layout", in: Self.choices(problem), of: identifier)
    let form = ElementwiseForm(problem.function, set)
    let shape = problem.outputShape
    let roles = problem.inputShapes.map { InputRole($0, of: shape) }
    if Self.layouts[choice] == .planeList {
      return PreparedPlanarElementwise(
        form: form, inputs: problem.inputShapes.map { PlaneInput($0, of: shape) }, channels: shape[1],
        planeCount: shape[0] * shape[1], count: AlignedMemory.paddedCount(shape[2] * shape[3]))
    }
    // Channels last differs from row-major only in where the channels are.
    var output = shape.dimensions
    var inputs = problem.inputShapes.map(\.dimensions)
    if Self.layouts[choice] == .channelsLast {
      output = [shape[0], shape[2], shape[3], shape[1]]
      inputs = zip(roles, problem.inputShapes).map { role, input in
        role == .whole ? output : [input.elementCount]
      }
    }
    return PreparedStridedElementwise(form: form, output: output, inputs: inputs)
  }
}

/// What an input is to an output of rank 4.
private enum InputRole {
  /// An element for each.
  case whole
  /// A number for all, or for each channel.
  case channel
  /// A number for each image, or for each channel of each.
  case plane
  /// Rows or columns of their own.
  case other

  init(_ shape: TensorShape, of output: TensorShape) {
    let sizes = Array(repeating: 1, count: max(4 - shape.rank, 0)) + shape.dimensions
    if shape == output {
      self = .whole
    } else if output.rank != 4 || sizes.count != 4 || sizes[2] != 1 || sizes[3] != 1 {
      self = .other
    } else {
      self = sizes[0] == 1 ? .channel : .plane
    }
  }
}

/// A function of one or two rows.
struct ElementwiseForm: Sendable {
  private let row: MicroKernelFunction<ElementwiseRowArguments>
  private let function: ElementwiseRowArguments.Function
  private let activation: TileActivation

  init(_ function: ElementwiseProblem.Function, _ set: MicroKernelSet) {
    row = set.planes.elementwise
    switch function {
    case .unary(let activation):
      self.function = .left
      self.activation = TileActivation(activation)
    case .squareRoot:
      self.function = .squareRoot
      self.activation = .none
    case .binary(let binary, let activation):
      self.function = ElementwiseRowArguments.Function(binary)
      self.activation = TileActivation(activation)
    }
  }

  func callAsFunction(
    _ left: UnsafePointer<Float>, step leftStep: Int, _ right: UnsafePointer<Float>, step rightStep: Int,
    to target: UnsafeMutablePointer<Float>, count: Int
  ) {
    var arguments = ElementwiseRowArguments(
      function, left, step: leftStep, right, step: rightStep, target: target, count: count, activation: activation)
    row(&arguments)
  }
}

/// An input that goes with planes: a plane list, or a number for some planes.
private struct PlaneInput: Sendable {
  let isPlane: Bool
  private let pictureStep: Int
  private let channelStep: Int

  init(_ shape: TensorShape, of output: TensorShape) {
    isPlane = shape == output
    let sizes = Array(repeating: 1, count: max(4 - shape.rank, 0)) + shape.dimensions
    channelStep = sizes[1] == 1 ? 0 : 1
    pictureStep = sizes[0] == 1 ? 0 : sizes[1]
  }

  func start(_ operand: TensorOperand, picture: Int, channel: Int, plane: Int) -> UnsafePointer<Float> {
    UnsafePointer(isPlane ? operand.plane(plane) : operand.base + picture * pictureStep + channel * channelStep)
  }
}

/// Planes, with the slack after them.
private struct PreparedPlanarElementwise: PreparedKernel {
  let form: ElementwiseForm
  let inputs: [PlaneInput]
  let channels: Int
  let planeCount: Int
  let count: Int

  func run(_ operands: LayerOperands, phase: Int, worker: Worker) {
    guard count > 0 else { return }
    let last = inputs.count - 1
    for plane in worker.share(of: planeCount) {
      let (picture, channel) = plane.quotientAndRemainder(dividingBy: channels)
      form(
        inputs[0].start(operands.input, picture: picture, channel: channel, plane: plane),
        step: inputs[0].isPlane ? 1 : 0,
        inputs[last].start(operands.inputs[last], picture: picture, channel: channel, plane: plane),
        step: inputs[last].isPlane ? 1 : 0, to: operands.output.plane(plane), count: count)
    }
  }
}
