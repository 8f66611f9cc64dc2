import LayerKernels
import MicroKernels

/// An epilogue as a kernel with bounds in its registers does it: what only clamps is done there, anything else in a pass over
/// what was just written and still lies in the first cache.
struct RowEpilogue: Sendable {
  /// No result of the registers is smaller.
  let lower: Float
  /// No result of the registers is larger.
  let upper: Float
  /// Whether there is a pass after the registers.
  let hasPass: Bool
  private let hasResidual: Bool
  private let activation: TileActivation
  private let function: MicroKernelFunction<ElementwiseRowArguments>

  init(_ epilogue: Epilogue, _ set: MicroKernelSet) {
    let bounds = epilogue.hasResidual ? nil : epilogue.activation.clampBounds
    lower = bounds?.lower ?? -.infinity
    upper = bounds?.upper ?? .infinity
    hasPass = bounds == nil
    hasResidual = epilogue.hasResidual
    activation = TileActivation(epilogue.activation)
    function = set.planes.elementwise
  }

  /// Adds the residual, if there is one, and applies the activation to elements side by side.
  func pass(
    over row: UnsafeMutablePointer<Float>, residual: @autoclosure () -> UnsafePointer<Float>, count: Int
  ) {
    guard hasPass, count > 0 else { return }
    var arguments = ElementwiseRowArguments(activation, of: row, target: row, count: count)
    if hasResidual {
      arguments.function = .add
      arguments.right = residual()
    }
    function(&arguments)
  }
}
