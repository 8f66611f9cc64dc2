import CLanes

/// What a tile of products of narrow numbers works on. Plain data: only pointers and numbers cross the wall between instruction sets.
///
/// A tile of P pixels and N vectors computes for N·V channels
///
///     outputs[p · outputStride + c] = clamp(bias[c] + addends[p · addendStride + c]
///       + scales[c] · pixelScales[p] · (Σ_k input[p][k] · weights[k][c] − zeroPoints[p] · weightSums[c]))
///
/// with the sums in whole numbers, exactly, or in floats. With a `step` results are divided by it, clamped, rounded to whole numbers and
/// multiplied by it. With `bytes` it is
///
///     bytes[p · byteStride + c] = zero + round(clamp(bias[c] + addends[p · addendStride + c] / step + scales[c] · Σ_k input · weight))
///
/// and the outputs are scratch memory. The inputs of a pixel are `runCount` runs of `runLength` words. All N·V lanes
/// are read and written.
public struct DotTileArguments {
  /// `runCount · runLength` rows of N·V words.
  public var weights: UnsafeRawPointer
  /// What the offsets count from.
  public var inputs: UnsafeRawPointer
  /// Where each pixel of the tile starts, in bytes.
  public var pixelOffsets: UnsafePointer<Int32>
  /// Where each run of a pixel starts, in bytes.
  public var runOffsets: UnsafePointer<Int32>
  /// The runs, at least one.
  public var runCount: Int
  /// The words of a run, at least one.
  public var runLength: Int
  /// What a step of a channel's weights is worth, N·V numbers.
  public var scales: UnsafePointer<Float>
  /// N·V numbers that are added.
  public var bias: UnsafePointer<Float>
  /// The sum of each channel's weights in whole numbers.
  public var weightSums: UnsafePointer<Int32>
  /// What a step of a pixel's inputs is worth.
  public var pixelScales: UnsafePointer<Float>
  /// Which input stands for zero in a pixel.
  public var zeroPoints: UnsafePointer<Int32>
  /// 1 where each pixel has a scale and a zero point of its own, 0 where all share one.
  public var pixelStep: Int
  /// The first pixel's first channel.
  public var outputs: UnsafeMutablePointer<Float>
  /// Elements from a pixel's channels to the next one's.
  public var outputStride: Int
  /// What is added, laid out as the outputs; nil for nothing.
  public var addends: UnsafePointer<Float>?
  /// Elements from a pixel's addends to the next one's.
  public var addendStride: Int
  /// No result is smaller.
  public var lower: Float
  /// No result is larger.
  public var upper: Float
  /// The step that results are rounded to, the bounds counting such steps; 0 where they are not.
  public var step: Float
  /// Where results go as bytes, the first pixel's first channel; nil where they are floats.
  public var bytes: UnsafeMutablePointer<UInt8>?
  /// Bytes from a pixel's channels to the next one's.
  public var byteStride: Int
  /// That of the byte that stands for 0, by ``StepRounding``.
  public var byteOffset: Int32

  /// Arguments with nothing added and no bounds.
  public init(
    weights: UnsafeRawPointer, inputs: UnsafeRawPointer, pixelOffsets: UnsafePointer<Int32>,
    runOffsets: UnsafePointer<Int32>, runCount: Int, runLength: Int, scales: UnsafePointer<Float>,
    bias: UnsafePointer<Float>, weightSums: UnsafePointer<Int32>, pixelScales: UnsafePointer<Float>,
    zeroPoints: UnsafePointer<Int32>, pixelStep: Int, outputs: UnsafeMutablePointer<Float>, outputStride: Int
  ) {
    self.weights = weights
    self.inputs = inputs
    self.pixelOffsets = pixelOffsets
    self.runOffsets = runOffsets
    self.runCount = runCount
    self.runLength = runLength
    self.scales = scales
    self.bias = bias
    self.weightSums = weightSums
    self.pixelScales = pixelScales
    self.zeroPoints = zeroPoints
    self.pixelStep = pixelStep
    self.outputs = outputs
    self.outputStride = outputStride
    addends = nil
    addendStride = outputStride
    lower = -.infinity
    upper = .infinity
    (step, bytes, byteStride, byteOffset) = (0, nil, 0, 0)
  }
}

/// The code of every tile of products of narrow numbers: `Rows` pixels by `Vectors` vectors of channels.
@inlinable @inline(__always)
public func dotTile<D: DotLanes, let Rows: Int, let Vectors: Int, let Accumulators: Int, let Tail: Int>(
  _ lanes: D.Type, _ shape: TileShape<Rows, Vectors, Accumulators, Tail>.Type, _ address: UnsafeRawPointer
) {
  let arguments = address.assumingMemoryBound(to: DotTileArguments.self).pointee
  var sums = InlineArray<Accumulators, D.Sums> { _ in D.Sums() }
  let pixels = InlineArray<Rows, UnsafeRawPointer> { p in arguments.inputs + Int(arguments.pixelOffsets[p]) }
  var weights = arguments.weights
  for run in 0..<arguments.runCount {
    var place = Int(arguments.runOffsets[run])
    let end = place &+ arguments.runLength &* 4
    repeat {
      var values = InlineArray<Vectors, D.Words> { _ in D.Words() }
      for n in 0..<Vectors { values[n] = (weights + n * D.byteCount).loadUnaligned(as: D.Words.self) }
      for n in 0..<(Vectors * D.byteCount + 63) / 64 { luthier_prefetch(weights + weightPrefetchDistance + n * 64) }
      unrolled(Rows) { p in
        let inputs = D.Words(repeating: (pixels[p] + place).loadUnaligned(as: Int32.self))
        for n in 0..<Vectors { D.accumulate(&sums[p * Vectors + n], inputs, values[n]) }
      }
      weights += Vectors * D.byteCount
      place &+= 4
    } while place < end
  }

  // Through memory, where the results will be: sums that a larger loop indexes would live there while they are added up, too.
  let outputs = UnsafeMutableRawPointer(arguments.outputs)
  let stride = arguments.outputStride &* 4
  unrolled(Rows) { p in
    for n in 0..<Vectors {
      (outputs + p &* stride + n * D.byteCount).storeBytes(of: sums[p * Vectors + n], as: D.Sums.self)
    }
  }
  let lower = D.Vector(repeating: arguments.lower)
  let upper = D.Vector(repeating: arguments.upper)
  if let bytes = arguments.bytes {
    let shift = D.Vector(repeating: StepRounding.shift)
    let inverse = D.Vector(repeating: 1 / arguments.step)
    for p in 0..<Rows {
      let source = UnsafeRawPointer(outputs) + p &* stride
      let target = UnsafeMutableRawPointer(bytes + p &* arguments.byteStride)
      let addends = arguments.addends.map { UnsafeRawPointer($0 + p &* arguments.addendStride) }
      func steps(_ channel: Int) -> D.Vector {
        var result = D.load(UnsafeRawPointer(arguments.bias) + channel)
        let sum = D.floats((source + channel).loadUnaligned(as: D.Sums.self))
        D.multiplyAdd(&result, sum, D.load(UnsafeRawPointer(arguments.scales) + channel))
        if let addends { D.multiplyAdd(&result, D.load(addends + channel), inverse) }
        // A NaN gives the lower bound, as in every activation that rounds.
        return D.sum(D.minimum(upper, D.maximum(result, lower)), shift)
      }
      for pair in 0..<Vectors / 2 {
        let channel = 2 * pair * D.byteCount
        D.storeSteps(
          steps(channel), steps(channel + D.byteCount), offset: arguments.byteOffset,
          target + 2 * pair * D.Vector.scalarCount)
      }
      if Vectors % 2 == 1 {
        D.storeSteps(
          steps((Vectors - 1) * D.byteCount), offset: arguments.byteOffset,
          target + (Vectors - 1) * D.Vector.scalarCount)
      }
    }
    return
  }
  let isRounded = arguments.step > 0
  let step = D.Vector(repeating: arguments.step)
  let inverse = D.Vector(repeating: isRounded ? 1 / arguments.step : 1)
  // Beside 1.5 · 2²³ floats are whole numbers: the sum rounds, ties to even.
  let (rounding, back) = (D.Vector(repeating: 12_582_912), D.Vector(repeating: -12_582_912))
  for p in 0..<Rows {
    let pixelScale = D.Vector(repeating: arguments.pixelScales[p &* arguments.pixelStep])
    let zeroPoint = arguments.zeroPoints[p &* arguments.pixelStep]
    for n in 0..<Vectors {
      let channel = n * D.byteCount
      let target = outputs + p &* stride + channel
      let sum = D.finish(
        target.loadUnaligned(as: D.Sums.self), zeroPoint: zeroPoint,
        weightSums: UnsafeRawPointer(arguments.weightSums) + channel)
      var result = D.load(UnsafeRawPointer(arguments.bias) + channel)
      D.multiplyAdd(&result, sum, D.product(D.load(UnsafeRawPointer(arguments.scales) + channel), pixelScale))
      if let addends = arguments.addends {
        result = D.sum(result, D.load(UnsafeRawPointer(addends + p &* arguments.addendStride) + channel))
      }
      if isRounded {
        // A NaN gives the lower bound, as in every activation that rounds.
        let steps = D.minimum(upper, D.maximum(D.product(result, inverse), lower))
        result = D.product(D.sum(D.sum(steps, rounding), back), step)
      } else {
        result = D.minimum(upper, D.maximum(lower, result))
      }
      target.storeBytes(of: result, as: D.Vector.self)
    }
  }
}
