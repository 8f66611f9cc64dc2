import CLanes

/// What a channel tile works on. Plain data: only pointers and numbers cross the wall between instruction sets.
///
/// With `V` lanes a vector, a tile of P pixels and N vectors computes, for `panelCount` panels of N·V channels,
///
///     outputs[p · outputStride + c]
///       = activation(bias[c] + addends[p · addendStride + c] + scales[c] · Σ_k input[k][p] · weights[k][c])
///
/// where `input[k]` starts `inputOffsets[k]` elements after `inputs`: pixels side by side, as in a plane. All N·V
/// lanes of a panel are read and written.
public struct ChannelTileArguments {
  /// Packed weights of the tile's ``WeightElement``: panels one after the other, each `[depth][N·V]`.
  public var weights: UnsafeRawPointer
  /// Weights from a panel's weights to the next one's: `depth · N·V`, more where only a block of k is worked through.
  public var panelStride: Int
  /// The element that `inputOffsets` count from, moved on to the first pixel.
  public var inputs: UnsafePointer<Float>
  /// `depth` element offsets, one for each k.
  public var inputOffsets: UnsafePointer<Int32>
  /// The first pixel's first channel.
  public var outputs: UnsafeMutablePointer<Float>
  /// Elements from a pixel's channels to the next one's.
  public var outputStride: Int
  /// `panelCount · N·V` numbers that the sums start from.
  public var bias: UnsafePointer<Float>
  /// `panelCount · N·V` numbers that the sums of a scaled type are multiplied by; nil for 1. Other types do not read them.
  public var scales: UnsafePointer<Float>?
  /// What is added, laid out as the outputs; nil for nothing. It may be the output itself: a sum in several blocks of k
  /// goes on from what is there.
  public var addends: UnsafePointer<Float>?
  /// Elements from a pixel's addends to the next one's.
  public var addendStride: Int
  /// The terms of each sum; at least one.
  public var depth: Int
  /// The panels of N·V channels to work through.
  public var panelCount: Int
  /// What is done to each sum at last.
  public var activation: TileActivation

  /// Arguments with nothing added and no activation.
  public init(
    weights: UnsafeRawPointer, panelStride: Int, inputs: UnsafePointer<Float>, inputOffsets: UnsafePointer<Int32>,
    outputs: UnsafeMutablePointer<Float>, outputStride: Int, bias: UnsafePointer<Float>, depth: Int,
    panelCount: Int = 1, activation: TileActivation = .none
  ) {
    self.weights = weights
    self.panelStride = panelStride
    self.inputs = inputs
    self.inputOffsets = inputOffsets
    self.outputs = outputs
    self.outputStride = outputStride
    self.bias = bias
    scales = nil
    addends = nil
    addendStride = outputStride
    self.depth = depth
    self.panelCount = panelCount
    self.activation = activation
  }
}

/// A channel tile of one size for one instruction set.
public struct ChannelTileFunction: Sendable {
  private let code: @convention(c) (UnsafeRawPointer) -> Void

  /// A tile of the given code, which takes the address of a ``ChannelTileArguments``.
  public init(_ code: @convention(c) (UnsafeRawPointer) -> Void) { self.code = code }

  /// Computes the tiles.
  @inline(__always)
  public func callAsFunction(_ arguments: UnsafePointer<ChannelTileArguments>) { code(arguments) }
}

/// The code of every channel tile with weights of 32 bits.
@inlinable @inline(__always)
public func channelTile<L: Lanes, let Rows: Int, let Vectors: Int, let Accumulators: Int, let Tail: Int>(
  _ lanes: L.Type, _ shape: TileShape<Rows, Vectors, Accumulators, Tail>.Type, _ address: UnsafeRawPointer
) {
  channelTile(lanes, Float32Weights.self, shape, address)
}

/// The code of every channel tile: `Rows` pixels by `Vectors` vectors of channels.
///
/// Weights widen as they are loaded, once for all the tile's pixels.
@inlinable @inline(__always)
public func channelTile<
  L: Lanes, W: WeightElement, let Rows: Int, let Vectors: Int, let Accumulators: Int, let Tail: Int
>(
  _ lanes: L.Type, _ weightType: W.Type, _ shape: TileShape<Rows, Vectors, Accumulators, Tail>.Type,
  _ address: UnsafeRawPointer
) {
  let arguments = address.assumingMemoryBound(to: ChannelTileArguments.self).pointee
  let depth = arguments.depth
  let step = L.byteCount * Vectors
  let weightStep = W.vectorByteCount(lanes) * Vectors
  var panel = arguments.weights
  var channel = 0
  for _ in 0..<arguments.panelCount {
    var sums = InlineArray<Accumulators, L.Vector> { _ in L.Vector() }
    let bias = UnsafeRawPointer(arguments.bias) + channel
    if !W.isScaled {
      unrolled(Rows) { p in
        for n in 0..<Vectors { sums[p * Vectors + n] = L.load(bias + n * L.byteCount) }
      }
    }
    if !W.isScaled, let addends = arguments.addends {
      let start = UnsafeRawPointer(addends) + channel
      unrolled(Rows) { p in
        let source = start + p &* arguments.addendStride &* 4
        for n in 0..<Vectors { sums[p * Vectors + n] = L.sum(sums[p * Vectors + n], L.load(source + n * L.byteCount)) }
      }
    }

    let inputs = UnsafeRawPointer(arguments.inputs)
    var weights = panel
    var k = 0
    repeat {
      let source = inputs + Int(arguments.inputOffsets[k]) &* 4
      var values = InlineArray<Vectors, L.Vector> { _ in L.Vector() }
      for n in 0..<Vectors { values[n] = W.load(lanes, weights + n * W.vectorByteCount(lanes)) }
      for n in 0..<(weightStep + 63) / 64 { luthier_prefetch(weights + weightPrefetchDistance + n * 64) }
      unrolled(Rows) { p in
        let value = L.broadcast((source + p * 4).loadUnaligned(as: Float.self))
        for n in 0..<Vectors { L.multiplyAdd(&sums[p * Vectors + n], values[n], value) }
      }
      weights += weightStep
      k += 1
    } while k < depth

    if W.isScaled {
      for n in 0..<Vectors {
        let start = L.load(bias + n * L.byteCount)
        let scale = arguments.scales.map { L.load(UnsafeRawPointer($0) + channel + n * L.byteCount) } ?? L.broadcast(1)
        unrolled(Rows) { p in
          var sum = start
          L.multiplyAdd(&sum, sums[p * Vectors + n], scale)
          sums[p * Vectors + n] = sum
        }
      }
    }
    if W.isScaled, let addends = arguments.addends {
      let start = UnsafeRawPointer(addends) + channel
      unrolled(Rows) { p in
        let source = start + p &* arguments.addendStride &* 4
        for n in 0..<Vectors { sums[p * Vectors + n] = L.sum(sums[p * Vectors + n], L.load(source + n * L.byteCount)) }
      }
    }

    let lower = L.broadcast(arguments.activation.lower)
    let upper = L.broadcast(arguments.activation.upper)
    let outputs = UnsafeMutableRawPointer(arguments.outputs) + channel
    unrolled(Rows) { p in
      let target = outputs + p &* arguments.outputStride &* 4
      for n in 0..<Vectors { L.store(L.clamp(sums[p * Vectors + n], lower, upper), target + n * L.byteCount) }
    }
    if !arguments.activation.isClamp {
      for p in 0..<Rows {
        activate(lanes, outputs + p &* arguments.outputStride &* 4, vectors: Vectors, arguments.activation)
      }
    }
    channel += step
    panel += arguments.panelStride &* W.byteCount
  }
}
