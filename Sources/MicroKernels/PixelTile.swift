import CLanes

/// What a pixel tile works on. Plain data: only pointers and numbers cross the wall between instruction sets.
///
/// With `V` lanes a vector, a tile of M rows and N vectors computes, for `panelCount` panels of M rows and
/// `groupCount` groups of N·V pixels,
///
///     output[m][p] = activation(bias[m] + addend[m][p] + Σ_k weights[k][m] · input[k][p])
///
/// where `input[k]` starts `inputOffsets[k]` elements after `inputs`, and likewise for outputs and addends. All N·V
/// lanes of a group are read and written, so planes need slack up to there. A tile with a tail computes some pixels
/// after its vectors, too, and its `groupCount` is 1.
public struct PixelTileArguments {
  /// Packed weights: panels one after the other, each `[depth][M]`.
  public var weights: UnsafePointer<Float>
  /// Elements from a panel's weights to the next one's: `depth · M`, more where only a block of k is worked through.
  public var panelStride: Int
  /// The element that `inputOffsets` count from, moved on to the first pixel.
  public var inputs: UnsafePointer<Float>
  /// `depth` element offsets, one for each k.
  public var inputOffsets: UnsafePointer<Int32>
  /// The element that `outputOffsets` count from, moved on to the first pixel.
  public var outputs: UnsafeMutablePointer<Float>
  /// `panelCount · M` element offsets, one for each output row.
  public var outputOffsets: UnsafePointer<Int32>
  /// `panelCount · M` numbers that the sums start from.
  public var bias: UnsafePointer<Float>
  /// The element that `addendOffsets` count from, moved on to the first pixel; nil when nothing is added. It may be the
  /// output itself: a sum in several blocks of k goes on from what is there.
  public var addends: UnsafePointer<Float>?
  /// `panelCount · M` element offsets.
  public var addendOffsets: UnsafePointer<Int32>
  /// The terms of each sum; at least one.
  public var depth: Int
  /// The panels of M rows to work through; the outer loop.
  public var panelCount: Int
  /// The groups of N vectors of pixels to work through; the inner loop.
  public var groupCount: Int
  /// Whether this worker goes on after the last group, so that it pays to prefetch past it.
  public var isFollowed: Bool
  /// What is done to each sum at last.
  public var activation: TileActivation

  /// Arguments with nothing added and no activation.
  public init(
    weights: UnsafePointer<Float>, panelStride: Int, inputs: UnsafePointer<Float>, inputOffsets: UnsafePointer<Int32>,
    outputs: UnsafeMutablePointer<Float>, outputOffsets: UnsafePointer<Int32>, bias: UnsafePointer<Float>, depth: Int,
    panelCount: Int = 1, groupCount: Int = 1, isFollowed: Bool = true, activation: TileActivation = .none
  ) {
    self.weights = weights
    self.panelStride = panelStride
    self.inputs = inputs
    self.inputOffsets = inputOffsets
    self.outputs = outputs
    self.outputOffsets = outputOffsets
    self.bias = bias
    addends = nil
    addendOffsets = outputOffsets
    self.depth = depth
    self.panelCount = panelCount
    self.groupCount = groupCount
    self.isFollowed = isFollowed
    self.activation = activation
  }
}

/// A pixel tile of one size for one instruction set.
public struct PixelTileFunction: Sendable {
  private let code: @convention(c) (UnsafeRawPointer) -> Void

  /// A tile of the given code, which takes the address of a ``PixelTileArguments``.
  public init(_ code: @convention(c) (UnsafeRawPointer) -> Void) { self.code = code }

  /// Computes the tiles.
  @inline(__always)
  public func callAsFunction(_ arguments: UnsafePointer<PixelTileArguments>) { code(arguments) }
}

/// The code of every pixel tile: `Rows` output rows by `Vectors` vectors of pixels, and `Tail` pixels after them.
///
/// Each step of k loads N vectors of pixels, then broadcasts M weights, each into N multiply-adds: the accumulators, one
/// broadcast and N inputs have to fit the registers. The inputs of the next group are asked for in time.
///
/// A map of 7 × 7 is three vectors of sixteen and one pixel, one of 14 × 14 twelve vectors and four. A pixel's sums over the M rows
/// are one vector whose lanes are the rows, since the M weights of a k lie side by side: a multiply-add a step for each pixel
/// instead of M for all. It needs M ≤ V, and reads up to V − M floats past the panel's end.
@inlinable @inline(__always)
public func pixelTile<
  L: Lanes, let Rows: Int, let Vectors: Int, let Accumulators: Int, let Tail: Int
>(
  _ lanes: L.Type, _ shape: TileShape<Rows, Vectors, Accumulators, Tail>.Type, _ address: UnsafeRawPointer
) {
  let arguments = address.assumingMemoryBound(to: PixelTileArguments.self).pointee
  let depth = arguments.depth
  let step = L.byteCount * Vectors
  let isPlain = arguments.activation.isIdentity
  var weights = arguments.weights
  for panel in 0..<arguments.panelCount {
    let row = panel * Rows
    let bias = arguments.bias + row
    let outputOffsets = arguments.outputOffsets + row
    var pixel = 0
    for group in 0..<arguments.groupCount {
      // What another worker is to read is not fetched from its core: the group itself is near already.
      let next = arguments.isFollowed || group + 1 < arguments.groupCount ? step : 0
      var sums = InlineArray<Accumulators, L.Vector> { _ in L.Vector() }
      var tailSums = InlineArray<Tail, L.Vector> { _ in L.Vector() }
      unrolled(Rows) { m in
        for n in 0..<Vectors { sums[m * Vectors + n] = L.broadcast(bias[m]) }
      }
      for t in 0..<Tail { tailSums[t] = L.load(bias) }
      if let addends = arguments.addends {
        let start = UnsafeRawPointer(addends) + pixel
        let offsets = arguments.addendOffsets + row
        unrolled(Rows) { m in
          let source = start + Int(offsets[m]) &* 4
          for n in 0..<Vectors {
            sums[m * Vectors + n] = L.sum(sums[m * Vectors + n], L.load(source + n * L.byteCount))
          }
        }
        for t in 0..<Tail {
          tailSums[t] = L.sum(tailSums[t], gatherPixel(lanes, start + step + t * 4, offsets, Rows))
        }
      }

      let inputs = UnsafeRawPointer(arguments.inputs) + pixel
      var column = weights
      var k = 0
      repeat {
        let source = inputs + Int(arguments.inputOffsets[k]) &* 4
        var values = InlineArray<Vectors, L.Vector> { _ in L.Vector() }
        for n in 0..<Vectors { values[n] = L.load(source + n * L.byteCount) }
        for n in 0..<(step + 63) / 64 { luthier_prefetch(source + next + n * 64) }
        luthier_prefetch(UnsafeRawPointer(column) + weightPrefetchDistance)
        unrolled(Rows) { m in
          let weight = L.broadcast(column[m])
          for n in 0..<Vectors { L.multiplyAdd(&sums[m * Vectors + n], values[n], weight) }
        }
        if Tail > 0 {
          let rows = L.load(column)
          for t in 0..<Tail {
            L.multiplyAdd(&tailSums[t], rows, L.broadcast((source + step + t * 4).loadUnaligned(as: Float.self)))
          }
        }
        column += Rows
        k += 1
      } while k < depth

      let lower = L.broadcast(arguments.activation.lower)
      let upper = L.broadcast(arguments.activation.upper)
      let outputs = UnsafeMutableRawPointer(arguments.outputs) + pixel
      // Short sums, as Winograd's, feel the bounds that they do not need.
      if isPlain {
        unrolled(Rows) { m in
          let target = outputs + Int(outputOffsets[m]) &* 4
          for n in 0..<Vectors { L.store(sums[m * Vectors + n], target + n * L.byteCount) }
        }
      } else {
        unrolled(Rows) { m in
          let target = outputs + Int(outputOffsets[m]) &* 4
          for n in 0..<Vectors {
            L.store(L.clamp(sums[m * Vectors + n], lower, upper), target + n * L.byteCount)
          }
        }
      }
      let isExponential = arguments.activation.isExponential
      for t in 0..<Tail {
        let sums = isExponential ? tailSums[t] : L.activateSimply(tailSums[t], arguments.activation)
        scatterPixel(lanes, sums, outputs + step + t * 4, outputOffsets, Rows)
      }
      if Tail > 0, isExponential {
        activatePixels(lanes, outputs + step, count: Tail, outputOffsets, Rows, arguments.activation)
      }
      if !arguments.activation.isClamp {
        for m in 0..<Rows {
          activate(lanes, outputs + Int(outputOffsets[m]) &* 4, vectors: Vectors, arguments.activation)
        }
      }
      pixel += step
    }
    weights += arguments.panelStride
  }
}

/// Applies an activation to some pixels of each row, read back from memory.
///
/// Code of its own: sums whose address is handed to a call would lie in memory all through the loop over k.
@inlinable @inline(never)
func activatePixels<L: Lanes>(
  _ lanes: L.Type, _ pixels: UnsafeMutableRawPointer, count: Int, _ offsets: UnsafePointer<Int32>, _ rows: Int,
  _ activation: TileActivation
) {
  for t in 0..<count {
    let pixel = pixels + t * 4
    let sums = L.activate(gatherPixel(lanes, pixel, offsets, rows), activation)
    scatterPixel(lanes, sums, pixel, offsets, rows)
  }
}

/// One pixel of each row as the lanes of a vector; the lanes after are zero.
@inlinable @inline(__always)
func gatherPixel<L: Lanes>(
  _ lanes: L.Type, _ pixel: UnsafeRawPointer, _ offsets: UnsafePointer<Int32>, _ rows: Int
) -> L.Vector {
  var lane = L.Vector()
  withUnsafeMutableBytes(of: &lane) { lane in
    for m in 0..<rows {
      let value = (pixel + Int(offsets[m]) &* 4).loadUnaligned(as: Float.self)
      lane.storeBytes(of: value, toByteOffset: m * 4, as: Float.self)
    }
  }
  return lane
}

/// Writes the lanes of a vector to one pixel of each row.
@inlinable @inline(__always)
func scatterPixel<L: Lanes>(
  _ lanes: L.Type, _ vector: L.Vector, _ pixel: UnsafeMutableRawPointer, _ offsets: UnsafePointer<Int32>, _ rows: Int
) {
  var vector = vector
  withUnsafeBytes(of: &vector) { lane in
    for m in 0..<rows {
      let value = lane.loadUnaligned(fromByteOffset: m * 4, as: Float.self)
      (pixel + Int(offsets[m]) &* 4).storeBytes(of: value, as: Float.self)
    }
  }
}
