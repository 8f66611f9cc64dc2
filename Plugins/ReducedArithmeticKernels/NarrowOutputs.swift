import LayerKernels
import MicroKernels

/// How a product's tiles come to be outputs that are rows of channels, with the whole epilogue in floats.
///
/// Bounds and residual ride in the tile. Another activation is a pass over what was just written; so is the whole epilogue of a
/// panel whose last channels are padding, which goes to the workspace first.
struct NarrowOutputs: Sendable {
  let product: DotProduct
  private let hasResidual: Bool
  private let bounds: (lower: Float, upper: Float)?
  private let activation: EpiloguePass
  private let epilogue: EpiloguePass

  init(_ product: DotProduct, _ epilogue: Epilogue, _ set: MicroKernelSet) {
    self.product = product
    hasResidual = epilogue.hasResidual
    bounds = epilogue.activation.clampBounds
    activation = EpiloguePass(Epilogue(activation: epilogue.activation), addsBias: false, set)
    self.epilogue = EpiloguePass(epilogue, addsBias: false, set)
  }

  /// The floats of scratch memory that so many pixels may take.
  func scratchCount(pixels: Int) -> Int { pixels * product.maximumWidth }

  /// Computes a panel's outputs.
  ///
  /// - Parameters:
  ///   - place: where inputs lie; its outputs are set here.
  ///   - outputs: the first pixel's first channel.
  ///   - residual: what is added, laid out as the outputs.
  func run(
    _ place: DotProduct.Operands, pixelCount: Int, panel: Int, outputs: UnsafeMutablePointer<Float>,
    residual: UnsafePointer<Float>?, scratch: UnsafeMutablePointer<Float>
  ) {
    let channels = product.channels
    let channel = product.firstChannel(of: panel)
    let useful = product.channelCount(of: panel)
    let width = product.width(of: panel)
    var place = place
    guard useful == width else {
      place.outputs = scratch
      place.outputStride = width
      product.run(place, pixelCount: pixelCount, panel: panel)
      for pixel in 0..<pixelCount {
        epilogue(
          scratch + pixel * width, to: outputs + pixel * channels + channel, count: useful,
          residual: residual.map { $0 + pixel * channels + channel })
      }
      return
    }
    place.outputs = outputs + channel
    place.outputStride = channels
    if hasResidual, let residual {
      place.addends = residual + channel
      place.addendStride = channels
    }
    if let bounds {
      place.lower = bounds.lower
      place.upper = bounds.upper
    }
    product.run(place, pixelCount: pixelCount, panel: panel)
    if bounds != nil { return }
    for pixel in 0..<pixelCount {
      let row = outputs + pixel * channels + channel
      activation(row, to: row, count: useful)
    }
  }
}
