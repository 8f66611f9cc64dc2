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

  /// The kernel on an instruction set.
  public init(_ set: MicroKernelSet) { self.set = set }

  /// Always.
  public func applicability(to problem: ElementwiseProblem) -> Applicability { .applies }

  /// A twentieth: memory decides.
  public func expectedEfficiency(for problem: ElementwiseProblem) -> Double { 0.05 }

  /// One for each layout that the shapes can have.
  public func configurations(for problem: ElementwiseProblem) -> [KernelConfiguration] {
    ElementwiseOperands(problem.inputShapes, problem.outputShape).choices.map { ["layout": $0] }
  }

  /// The configuration's layout for the output and the inputs of its shape, row-major for others.
  public func layouts(for problem: ElementwiseProblem, configuration: KernelConfiguration) -> OperandLayouts {
    ElementwiseOperands(problem.inputShapes, problem.outputShape).layouts(of: configuration)
  }

  /// Finds out how the inputs are walked.
  ///
  /// - Throws: ``KernelError`` when the configuration names no layout, or one that the shapes cannot have.
  public func prepare(
    _ problem: ElementwiseProblem, configuration: KernelConfiguration, parameters: NoParameters
  ) throws -> any PreparedKernel {
    let forms = ElementwiseOperands(problem.inputShapes, problem.outputShape)
    let choice = try configuration.value("layout", in: forms.choices, of: identifier)
    let form = ElementwiseForm(problem.function, set)
    let shape = problem.outputShape
    if ElementwiseOperands.layouts[choice] == .planeList {
      return PreparedPlanarElementwise(
        form: form, inputs: problem.inputShapes.map { PlaneInput($0, of: shape) }, channels: shape[1],
        planeCount: shape[0] * shape[1], count: AlignedMemory.paddedCount(shape[2] * shape[3]))
    }
    let (output, inputs) = forms.dimensions(ElementwiseOperands.layouts[choice])
    return PreparedStridedElementwise(form: form, output: output, inputs: inputs)
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
