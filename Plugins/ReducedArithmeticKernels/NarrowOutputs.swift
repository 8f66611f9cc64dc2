import LayerKernels
import MicroKernels

/// How a product's tiles come to be outputs that are rows of channels, with the whole epilogue in floats.
///
/// Bounds, rounding to steps and residual ride in the tile, and so does the conversion to bytes. Another activation is a pass over what
/// was just written. A panel whose last channels are padding goes to the workspace first; floats get their whole epilogue on the way from
/// there.
struct NarrowOutputs: Sendable {
  let product: DotProduct
  private let hasResidual: Bool
  private let bounds: (lower: Float, upper: Float)?
  private let steps: Quantisation?
  /// Whether outputs are bytes: the multiples of a step that the epilogue rounds to.
  private let writesBytes: Bool
  private let activation: EpiloguePass
  private let epilogue: EpiloguePass

  init(_ product: DotProduct, _ epilogue: Epilogue, writesBytes: Bool, _ set: MicroKernelSet) {
    self.product = product
    self.writesBytes = writesBytes
    hasResidual = epilogue.hasResidual
    steps = Quantisation(epilogue.activation)
    bounds = steps.map { ($0.lower, $0.upper) } ?? epilogue.activation.clampBounds
    activation = EpiloguePass(Epilogue(activation: epilogue.activation), addsBias: false, set)
    self.epilogue = EpiloguePass(epilogue, addsBias: false, set)
  }

  /// The floats of scratch memory that so many pixels may take: sums, and of a padded panel residuals and bytes.
  func scratchCount(pixels: Int) -> Int {
    let count = pixels * product.maximumWidth
    return writesBytes ? 2 * count + TensorLayout.bytes.floatCount(count) : count
  }

  /// Computes a panel's outputs.
  ///
  /// - Parameters:
  ///   - place: where inputs lie; its outputs are set here.
  ///   - output: the operand.
  ///   - first: the operand's first pixel to be written.
  ///   - residual: what is added to that pixel, laid out as floats in rows of channels.
  func run(
    _ place: DotProduct.Operands, pixelCount: Int, panel: Int, output: TensorOperand, first: Int,
    residual: UnsafePointer<Float>?, scratch: UnsafeMutablePointer<Float>
  ) {
    let channel = product.firstChannel(of: panel)
    let isPadded = product.channelCount(of: panel) < product.width(of: panel)
    var place = place
    if let bounds {
      place.lower = bounds.lower
      place.upper = bounds.upper
      place.step = steps?.step ?? 0
    }
    if hasResidual, let residual {
      place.addends = residual + channel
      place.addendStride = product.channels
    }
    let start = first * product.channels + channel
    if writesBytes {
      place.outputs = scratch
      place.outputStride = product.width(of: panel)
      place.byteOffset = StepRounding.offset(zeroPoint: Float(steps?.zeroPoint ?? 0))
    }
    switch (writesBytes, isPadded) {
    case (true, false):
      place.bytes = output.bytes + start
      place.byteStride = product.channels
      product.run(place, pixelCount: pixelCount, panel: panel)
    case (true, true): runPadded(place, pixelCount, panel, output.bytes + start)
    case (false, false):
      place.outputs = output.base + start
      place.outputStride = product.channels
      product.run(place, pixelCount: pixelCount, panel: panel)
      if bounds != nil { return }
      for pixel in 0..<pixelCount {
        let row = place.outputs + pixel * product.channels
        activation(row, to: row, count: product.width(of: panel))
      }
    case (false, true): runPadded(place, pixelCount, panel, output.base + start, scratch)
    }
  }

  /// Bytes of a panel whose last channels are padding.
  private func runPadded(
    _ place: DotProduct.Operands, _ pixelCount: Int, _ panel: Int, _ target: UnsafeMutablePointer<UInt8>
  ) {
    let (width, useful) = (product.width(of: panel), product.channelCount(of: panel))
    let rows = place.outputs + pixelCount * width
    var place = place
    if let residual = place.addends {
      // A tile reads all lanes, and there are no residuals of the last ones.
      for pixel in 0..<pixelCount {
        let row = rows + pixel * width
        row.update(from: residual + pixel * place.addendStride, count: useful)
        (row + useful).update(repeating: 0, count: width - useful)
      }
      place.addends = UnsafePointer(rows)
      place.addendStride = width
    }
    let bytes = UnsafeMutableRawPointer(rows + pixelCount * width).assumingMemoryBound(to: UInt8.self)
    place.bytes = bytes
    place.byteStride = width
    product.run(place, pixelCount: pixelCount, panel: panel)
    for pixel in 0..<pixelCount {
      (target + pixel * product.channels).update(from: bytes + pixel * width, count: useful)
    }
  }

  /// Floats of a panel whose last channels are padding: the epilogue moves them to their place.
  private func runPadded(
    _ place: DotProduct.Operands, _ pixelCount: Int, _ panel: Int, _ target: UnsafeMutablePointer<Float>,
    _ scratch: UnsafeMutablePointer<Float>
  ) {
    let (width, useful) = (product.width(of: panel), product.channelCount(of: panel))
    var plain = place
    (plain.addends, plain.lower, plain.upper, plain.step) = (nil, -.infinity, .infinity, 0)
    plain.outputs = scratch
    plain.outputStride = width
    product.run(plain, pixelCount: pixelCount, panel: panel)
    for pixel in 0..<pixelCount {
      epilogue(
        scratch + pixel * width, to: target + pixel * product.channels, count: useful,
        residual: place.addends.map { $0 + pixel * place.addendStride })
    }
  }
}
