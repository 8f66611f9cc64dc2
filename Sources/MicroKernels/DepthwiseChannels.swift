/// What a depthwise convolution of pixels with all their channels works on: `[N, H, W, C]` to `[N, P, Q, C]`.
public struct DepthwiseChannelsArguments {
  /// The first input pixel's first channel.
  public var inputs: UnsafePointer<Float>
  /// The first output pixel's first channel.
  public var outputs: UnsafeMutablePointer<Float>
  /// `[K · K][channels]`
  public var weights: UnsafePointer<Float>
  /// A number for each channel that the sums start from.
  public var bias: UnsafePointer<Float>
  /// A zero for each channel: the pixel that stands for the border.
  public var zeros: UnsafePointer<Float>
  /// Channels, at least a vector's.
  public var channels: Int
  /// The first output row, counted over all images.
  public var firstRow: Int
  /// The output rows to compute.
  public var rowCount: Int
  /// Rows of an input.
  public var inputHeight: Int
  /// Columns of an input.
  public var inputWidth: Int
  /// Rows of an output.
  public var outputHeight: Int
  /// Columns of an output, at least a tile's.
  public var outputWidth: Int
  /// Rows of padding above.
  public var paddingTop: Int
  /// Columns of padding to the left.
  public var paddingLeft: Int
  /// No result is smaller.
  public var lower: Float
  /// No result is larger.
  public var upper: Float

  /// Arguments without bounds; sizes start as zero.
  public init(
    weights: UnsafePointer<Float>, bias: UnsafePointer<Float>, zeros: UnsafePointer<Float>,
    inputs: UnsafePointer<Float>, outputs: UnsafeMutablePointer<Float>
  ) {
    self.weights = weights
    self.bias = bias
    self.zeros = zeros
    self.inputs = inputs
    self.outputs = outputs
    lower = -.infinity
    upper = .infinity
    (channels, firstRow, rowCount, inputHeight, inputWidth) = (0, 0, 0, 0, 0)
    (outputHeight, outputWidth, paddingTop, paddingLeft) = (0, 0, 0, 0)
  }
}

/// The size of a tile of a depthwise convolution over pixels as a type.
///
/// - Parameters (integer generics): `Kernel` rows and columns moved by `Stride`; `Columns`, the output pixels of a tile;
///   `Inputs`, the input pixels of a tile's row, (Columns − 1) · Stride + Kernel; `Places`, Kernel · Inputs.
public enum PixelRowShape<
  let Kernel: Int, let Stride: Int, let Columns: Int, let Inputs: Int, let Places: Int
> {}

/// Depthwise convolution with channels along the lanes: some output pixels of a row at a time, all channels of them.
///
/// The pixels of a tile's window are found once; those of the border are a pixel of zeros, and rows outside are skipped.
/// The last vector of channels is moved back to end with the pixel, so nothing outside the pixel is touched.
@inlinable @inline(__always)
public func depthwiseChannels<
  L: Lanes, let Kernel: Int, let Stride: Int, let Columns: Int, let Inputs: Int, let Places: Int
>(
  _ lanes: L.Type, _ shape: PixelRowShape<Kernel, Stride, Columns, Inputs, Places>.Type, _ address: UnsafeRawPointer
) {
  let arguments = address.assumingMemoryBound(to: DepthwiseChannelsArguments.self).pointee
  let channels = arguments.channels
  let width = L.Vector.scalarCount
  let lower = L.broadcast(arguments.lower)
  let upper = L.broadcast(arguments.upper)
  var places = InlineArray<Places, UnsafeRawPointer> { _ in UnsafeRawPointer(arguments.zeros) }
  for row in arguments.firstRow..<arguments.firstRow &+ arguments.rowCount {
    let picture = row / arguments.outputHeight
    let top = row % arguments.outputHeight &* Stride &- arguments.paddingTop
    let firstTap = max(0, 0 &- top)
    let endTap = min(Kernel, arguments.inputHeight &- top)
    let source = arguments.inputs + picture &* arguments.inputHeight &* arguments.inputWidth &* channels
    var tile = 0
    while tile < arguments.outputWidth {
      let column = min(tile, arguments.outputWidth &- Columns)
      let left = column &* Stride &- arguments.paddingLeft
      var tap = firstTap
      while tap < endTap {
        for input in 0..<Inputs {
          let x = left &+ input
          let isInside = UInt(bitPattern: x) < UInt(bitPattern: arguments.inputWidth)
          let pixel = ((top &+ tap) &* arguments.inputWidth &+ x) &* channels
          places[tap &* Inputs &+ input] =
            isInside ? UnsafeRawPointer(source + pixel) : UnsafeRawPointer(arguments.zeros)
        }
        tap &+= 1
      }
      let target = UnsafeMutableRawPointer(
        arguments.outputs + (row &* arguments.outputWidth &+ column) &* channels)
      var block = 0
      while block < channels {
        let channel = min(block, channels &- width) &* 4
        var sums = InlineArray<Columns, L.Vector> { _ in L.load(UnsafeRawPointer(arguments.bias) + channel) }
        var tap = firstTap
        while tap < endTap {
          let weights = UnsafeRawPointer(arguments.weights + tap &* Kernel &* channels) + channel
          var factors = InlineArray<Kernel, L.Vector> { _ in L.Vector() }
          for k in 0..<Kernel { factors[k] = L.load(weights + k &* channels &* 4) }
          unrolled(Inputs) { input in
            let value = L.load(places[tap &* Inputs &+ input] + channel)
            for k in 0..<Kernel {
              if input >= k && (input - k) % Stride == 0 && (input - k) / Stride < Columns {
                L.multiplyAdd(&sums[(input - k) / Stride], value, factors[k])
              }
            }
          }
          tap &+= 1
        }
        for q in 0..<Columns { L.store(L.clamp(sums[q], lower, upper), target + q &* channels &* 4 + channel) }
        block &+= width
      }
      tile &+= Columns
    }
  }
}
