import LayerKernels
import MicroKernels

/// An activation as the transform back does it: what only clamps is done there, anything else in a pass over what was just
/// written and still lies in a near cache.
struct WinogradActivation: Sendable {
  /// No result of the transform is smaller.
  let lower: Float
  /// No result of the transform is larger.
  let upper: Float
  private let later: EpiloguePass

  init(_ activation: Activation, _ set: MicroKernelSet) {
    let bounds = activation.clampBounds
    lower = bounds?.lower ?? -.infinity
    upper = bounds?.upper ?? .infinity
    later = EpiloguePass(Epilogue(activation: bounds == nil ? activation : .identity), addsBias: false, set)
  }

  /// Does what the bounds have not done.
  func pass(over row: UnsafeMutablePointer<Float>, count: Int) { later(row, to: row, count: count) }
}
