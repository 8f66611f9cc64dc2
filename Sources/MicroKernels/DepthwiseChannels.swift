/// What a depthwise convolution of pixels with all their channels works on: `[N, H, W, C]` to `[N, P, Q, C]`.
public struct DepthwiseChannelsArguments {
  /// The first input pixel's first channel, a number of the tile's ``ActivationElement``.
  public var inputs: UnsafeRawPointer
  /// The first output pixel's first channel.
  public var outputs: UnsafeMutableRawPointer
  /// `[R · K][channels]`
  public var weights: UnsafePointer<Float>
  /// A number for each channel that the sums start from.
  public var bias: UnsafePointer<Float>
  /// A zero for each channel: the pixel that stands for the border.
  public var zeros: UnsafeRawPointer
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
  /// Rows between a filter's rows.
  public var dilationHeight: Int
  /// Columns between a filter's columns.
  public var dilationWidth: Int
  /// Rows of the filter, for ``depthwiseWindow(_:_:_:)``.
  public var kernelHeight: Int
  /// Columns of the filter, for ``depthwiseWindow(_:_:_:)``.
  public var kernelWidth: Int
  /// Rows between windows, for ``depthwiseWindow(_:_:_:)``.
  public var strideHeight: Int
  /// Columns between windows, for ``depthwiseWindow(_:_:_:)``.
  public var strideWidth: Int
  /// No result is smaller.
  public var lower: Float
  /// No result is larger.
  public var upper: Float
  /// What stands for 0 among the inputs, where they are bytes.
  public var centre: Float
  /// That of what stands for 0 among the outputs, by ``StepRounding``, where they are bytes.
  public var offset: Int32

  /// Arguments without bounds; sizes start as zero.
  public init(
    weights: UnsafePointer<Float>, bias: UnsafePointer<Float>, zeros: UnsafeRawPointer, inputs: UnsafeRawPointer,
    outputs: UnsafeMutableRawPointer
  ) {
    self.weights = weights
    self.bias = bias
    self.zeros = zeros
    self.inputs = inputs
    self.outputs = outputs
    lower = -.infinity
    upper = .infinity
    (centre, offset) = (0, 0)
    (channels, firstRow, rowCount, inputHeight, inputWidth) = (0, 0, 0, 0, 0)
    (outputHeight, outputWidth, paddingTop, paddingLeft) = (0, 0, 0, 0)
    (dilationHeight, dilationWidth, kernelHeight, kernelWidth, strideHeight, strideWidth) = (1, 1, 0, 0, 1, 1)
  }
}

/// The size of a tile of a depthwise convolution over pixels as a type.
///
/// - Parameters (integer generics): `Kernel` rows and columns moved by `Stride`; `Columns`, the output pixels of a tile;
///   `Inputs`, the input pixels of a tile's row, (Columns − 1) · Stride + Kernel; `Places`, Kernel · Inputs.
public enum PixelRowShape<
  let Kernel: Int, let Stride: Int, let Columns: Int, let Inputs: Int, let Places: Int
> {}

/// Depthwise convolution with channels along the lanes, of numbers that lie in memory as `element` says: some output pixels of a row at a time, all channels of them.
///
/// The pixels of a tile's window are found once; those of the border are a pixel of zeros, and rows outside are skipped.
/// The last vector of channels is moved back to end with the pixel, so nothing outside the pixel is touched.
@inlinable @inline(__always)
public func depthwiseChannels<
  L: StagingLanes, E: ActivationElement, let Kernel: Int, let Stride: Int, let Columns: Int, let Inputs: Int,
  let Places: Int
>(
  _ lanes: L.Type, _ element: E.Type, _ shape: PixelRowShape<Kernel, Stride, Columns, Inputs, Places>.Type,
  _ address: UnsafeRawPointer
) {
  let arguments = address.assumingMemoryBound(to: DepthwiseChannelsArguments.self).pointee
  let channels = arguments.channels
  let width = L.Vector.scalarCount
  let lower = L.broadcast(arguments.lower)
  let upper = L.broadcast(arguments.upper)
  let (centre, offset) = (L.broadcast(arguments.centre), arguments.offset)
  var places = InlineArray<Places, UnsafeRawPointer> { _ in arguments.zeros }
  let dilation = arguments.dilationWidth
  for row in arguments.firstRow..<arguments.firstRow &+ arguments.rowCount {
    let picture = row / arguments.outputHeight
    let top = row % arguments.outputHeight &* Stride &- arguments.paddingTop
    let taps = DepthwiseTaps.inside(
      Kernel, top: top, dilation: arguments.dilationHeight, inputHeight: arguments.inputHeight)
    let pixelSize = channels &* E.byteCount
    let source = arguments.inputs + picture &* arguments.inputHeight &* arguments.inputWidth &* pixelSize
    // Of a dilated filter every so many-th output sees the same inputs: such outputs are a row of their own.
    var residue = 0
    while residue < min(dilation, arguments.outputWidth) {
      let outputs = (arguments.outputWidth &- residue &+ dilation &- 1) / dilation
      var tile = 0
      while tile < outputs {
        let column = residue &+ min(tile, outputs &- Columns) &* dilation
        let left = column &* Stride &- arguments.paddingLeft
        var tap = taps.lowerBound
        while tap < taps.upperBound {
          let line = (top &+ tap &* arguments.dilationHeight) &* arguments.inputWidth
          for input in 0..<Inputs {
            let x = left &+ input &* dilation
            let isInside = UInt(bitPattern: x) < UInt(bitPattern: arguments.inputWidth)
            places[tap &* Inputs &+ input] = isInside ? source + (line &+ x) &* pixelSize : arguments.zeros
          }
          tap &+= 1
        }
        let target = arguments.outputs + (row &* arguments.outputWidth &+ column) &* pixelSize
        let step = dilation &* pixelSize
        var block = 0
        while block < channels {
          let first = min(block, channels &- width)
          let (channel, place) = (first &* 4, first &* E.byteCount)
          var sums = InlineArray<Columns, L.Vector> { _ in L.load(UnsafeRawPointer(arguments.bias) + channel) }
          var tap = taps.lowerBound
          while tap < taps.upperBound {
            let weights = UnsafeRawPointer(arguments.weights + tap &* Kernel &* channels) + channel
            var factors = InlineArray<Kernel, L.Vector> { _ in L.Vector() }
            for k in 0..<Kernel { factors[k] = L.load(weights + k &* channels &* 4) }
            unrolled(Inputs) { input in
              let value = E.load(L.self, places[tap &* Inputs &+ input] + place, centre: centre)
              for k in 0..<Kernel {
                if input >= k && (input - k) % Stride == 0 && (input - k) / Stride < Columns {
                  L.multiplyAdd(&sums[(input - k) / Stride], value, factors[k])
                }
              }
            }
            tap &+= 1
          }
          for q in 0..<Columns {
            E.store(L.self, L.clamp(sums[q], lower, upper), target + q &* step + place, offset: offset)
          }
          block &+= width
        }
        tile &+= Columns
      }
      residue &+= 1
    }
  }
}

/// Which rows of a filter see the input.
@usableFromInline
enum DepthwiseTaps {
  /// Those of `count` rows, `dilation` apart and the first over the input's row `top`, that lie in the input.
  @inlinable @inline(__always)
  static func inside(_ count: Int, top: Int, dilation: Int, inputHeight: Int) -> Range<Int> {
    let first = top >= 0 ? 0 : (dilation &- 1 &- top) / dilation
    let end = inputHeight > top ? min(count, (inputHeight &- top &+ dilation &- 1) / dilation) : 0
    return Range(uncheckedBounds: (first, max(first, end)))
  }
}
