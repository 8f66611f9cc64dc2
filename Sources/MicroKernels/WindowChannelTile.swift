import CLanes

/// What a convolution with channels along the lanes works on: some output rows of a panel of channels that see the same
/// input channels.
///
/// With `V` lanes a vector, a tile of P pixels and N vectors computes N·V channels of P neighbours in an output row. The
/// inputs lie staged, so that a window reads runs of neighbours and nothing is ever outside:
///
///     outputs[p · outputStep + c] = activation(bias[c] + addends[p · outputStep + c]
///       + Σ_run Σ_k input(runs[run], k, p) · weights[run · runLength + k][c])
///
/// where the input is the element `runs[run] + p · inputStep + k`, for all lanes; or, for groups of fewer channels than
/// lanes, the vector `runs[run] + p · inputStep + k · V`, whose lanes hold each output channel's own input.
public struct WindowChannelTileArguments {
  /// Packed weights: `[runCount][runLength][N·V]`.
  public var weights: UnsafePointer<Float>
  /// The staged element that the first tile's first run counts from.
  public var inputs: UnsafePointer<Float>
  /// `runCount` offsets in elements.
  public var runs: UnsafePointer<Int32>
  /// The runs of a window; at least one.
  public var runCount: Int
  /// The terms of a run; at least one.
  public var runLength: Int
  /// Elements from an output pixel's inputs to the next one's.
  public var inputStep: Int
  /// Elements from an output row's inputs to the next one's.
  public var inputRowStep: Int
  /// The first pixel's first channel.
  public var outputs: UnsafeMutablePointer<Float>
  /// Elements from an output pixel to the next one.
  public var outputStep: Int
  /// Elements from an output row to the next one.
  public var outputRowStep: Int
  /// What is added, laid out as the outputs; nil for nothing.
  public var addends: UnsafePointer<Float>?
  /// N·V numbers that the sums start from.
  public var bias: UnsafePointer<Float>
  /// The channels that there are, more than (N − 1)·V and at most N·V: nothing after them is read or written.
  public var channels: Int
  /// The tiles of a row.
  public var tileCount: Int
  /// The output rows.
  public var rowCount: Int
  /// What is done to each sum at last.
  public var activation: TileActivation

  /// Arguments with nothing added; sizes start as zero.
  public init(
    weights: UnsafePointer<Float>, bias: UnsafePointer<Float>, inputs: UnsafePointer<Float>,
    runs: UnsafePointer<Int32>, outputs: UnsafeMutablePointer<Float>, activation: TileActivation
  ) {
    self.weights = weights
    self.bias = bias
    self.inputs = inputs
    self.runs = runs
    self.outputs = outputs
    self.activation = activation
    addends = nil
    (runCount, runLength, inputStep, inputRowStep, outputStep, outputRowStep) = (0, 0, 0, 0, 0, 0)
    (channels, tileCount, rowCount) = (0, 0, 0)
  }
}

/// The code of every tile of a convolution with channels along the lanes: `Rows` pixels by `Vectors` vectors of channels.
///
/// Each term loads N vectors of weights, then broadcasts P inputs, each into N multiply-adds. The pixels' inputs are
/// addressed from a pointer for every four of them, which is what the registers for addresses allow.
///
/// - Parameter isSpread: whether each lane has an input of its own, so that a vector is loaded where else a number is
///   broadcast.
@inlinable @inline(__always)
public func windowChannelTile<L: PlaneLanes, let Rows: Int, let Vectors: Int, let Accumulators: Int>(
  _ lanes: L.Type, _ shape: TileShape<Rows, Vectors, Accumulators, 0>.Type, isSpread: Bool, _ address: UnsafeRawPointer
) {
  let arguments = address.assumingMemoryBound(to: WindowChannelTileArguments.self).pointee
  let inputStep = arguments.inputStep &* 4
  let triple = inputStep &* 3
  let outputStep = arguments.outputStep &* 4
  let last = arguments.channels &- (Vectors - 1) &* L.Vector.scalarCount
  let isWhole = last == L.Vector.scalarCount
  let bias = UnsafeRawPointer(arguments.bias)
  let runLength = arguments.runLength
  let lower = L.broadcast(arguments.activation.lower)
  let upper = L.broadcast(arguments.activation.upper)
  for row in 0..<arguments.rowCount {
    var inputs = UnsafeRawPointer(arguments.inputs + row &* arguments.inputRowStep)
    var place = row &* arguments.outputRowStep &* 4
    for _ in 0..<arguments.tileCount {
      var sums = InlineArray<Accumulators, L.Vector> { _ in L.Vector() }
      unrolledRows(Rows) { p in
        for n in 0..<Vectors { sums[p * Vectors + n] = L.load(bias + n * L.byteCount) }
      }
      if let addends = arguments.addends {
        let start = UnsafeRawPointer(addends) + place
        unrolledRows(Rows) { p in
          let source = start + p &* outputStep
          for n in 0..<Vectors {
            let addend =
              isWhole || n < Vectors - 1
              ? L.load(source + n * L.byteCount) : L.loadFirst(source + n * L.byteCount, last)
            sums[p * Vectors + n] = L.sum(sums[p * Vectors + n], addend)
          }
        }
      }

      var weights = UnsafeRawPointer(arguments.weights)
      for run in 0..<arguments.runCount {
        var first = inputs + Int(arguments.runs[run]) &* 4
        var second = first + inputStep &* 4
        var third = second + inputStep &* 4
        var fourth = third + inputStep &* 4
        var k = 0
        repeat {
          var values = InlineArray<Vectors, L.Vector> { _ in L.Vector() }
          for n in 0..<Vectors { values[n] = L.load(weights + n * L.byteCount) }
          for n in 0..<(Vectors * L.byteCount + 63) / 64 {
            luthier_prefetch(weights + weightPrefetchDistance + n * 64)
          }
          unrolledRows(Rows) { p in
            let base = p < 4 ? first : p < 8 ? second : p < 12 ? third : fourth
            let source = base + (p % 4 == 3 ? triple : p % 4 &* inputStep)
            let value = isSpread ? L.load(source) : L.broadcast(source.loadUnaligned(as: Float.self))
            // An input that is used once stays out of the sum's register only as the first factor.
            if Vectors == 1 {
              L.multiplyAdd(&sums[p], value, values[0])
            } else {
              for n in 0..<Vectors { L.multiplyAdd(&sums[p * Vectors + n], values[n], value) }
            }
          }
          weights += Vectors * L.byteCount
          let step = isSpread ? L.byteCount : 4
          first += step
          second += step
          third += step
          fourth += step
          k += 1
        } while k < runLength
      }

      let target = UnsafeMutableRawPointer(arguments.outputs) + place
      unrolledRows(Rows) { p in
        for n in 0..<Vectors {
          let sum = L.clamp(sums[p * Vectors + n], lower, upper)
          let address = target + p &* outputStep + n * L.byteCount
          if isWhole || n < Vectors - 1 { L.store(sum, address) } else { L.storeFirst(sum, address, last) }
        }
      }
      if !arguments.activation.isClamp {
        for p in 0..<Rows {
          activate(lanes, target + p &* outputStep, count: arguments.channels, arguments.activation)
        }
      }
      inputs += inputStep &* Rows
      place += outputStep &* Rows
    }
  }
}
