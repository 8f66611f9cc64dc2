/// The size of a tile of a depthwise convolution with a window that is a number, not a type.
///
/// - Parameters (integer generics): `Columns`, the output pixels of a tile; `Places`, Columns ·
///   ``DepthwiseTable/maximumTaps``.
public enum AnyWindowShape<let Columns: Int, let Places: Int> {}

/// Depthwise convolution with channels along the lanes, for windows of any shape, stride and dilation, of at most
/// ``DepthwiseTable/maximumTaps`` elements: some output pixels of a row at a time, all channels of them.
///
/// A weight is loaded once for the pixels of a tile, which look up where their inputs lie. The last vector of channels is
/// moved back to end with the pixel, so nothing outside the pixel is touched.
@inlinable @inline(__always)
public func depthwiseWindow<L: Lanes, let Columns: Int, let Places: Int>(
  _ lanes: L.Type, _ shape: AnyWindowShape<Columns, Places>.Type, _ address: UnsafeRawPointer
) {
  let arguments = address.assumingMemoryBound(to: DepthwiseChannelsArguments.self).pointee
  let channels = arguments.channels
  let width = L.Vector.scalarCount
  let lower = L.broadcast(arguments.lower)
  let upper = L.broadcast(arguments.upper)
  var places = InlineArray<Places, UnsafeRawPointer> { _ in arguments.zeros }
  for row in arguments.firstRow..<arguments.firstRow &+ arguments.rowCount {
    let picture = row / arguments.outputHeight
    let top = row % arguments.outputHeight &* arguments.strideHeight &- arguments.paddingTop
    let rows = DepthwiseTaps.inside(
      arguments.kernelHeight, top: top, dilation: arguments.dilationHeight, inputHeight: arguments.inputHeight)
    let taps = rows.count &* arguments.kernelWidth
    let source = arguments.inputs + picture &* arguments.inputHeight &* arguments.inputWidth &* channels &* 4
    let weights = UnsafeRawPointer(arguments.weights + rows.lowerBound &* arguments.kernelWidth &* channels)
    var tile = 0
    while tile < arguments.outputWidth {
      let column = min(tile, arguments.outputWidth &- Columns)
      var place = 0
      var tap = rows.lowerBound
      while tap < rows.upperBound {
        let line = (top &+ tap &* arguments.dilationHeight) &* arguments.inputWidth
        var left = column &* arguments.strideWidth &- arguments.paddingLeft
        for _ in 0..<arguments.kernelWidth {
          for q in 0..<Columns {
            let x = left &+ q &* arguments.strideWidth
            let isInside = UInt(bitPattern: x) < UInt(bitPattern: arguments.inputWidth)
            places[place &+ q] = isInside ? source + (line &+ x) &* channels &* 4 : arguments.zeros
          }
          place &+= Columns
          left &+= arguments.dilationWidth
        }
        tap &+= 1
      }
      let target = arguments.outputs + (row &* arguments.outputWidth &+ column) &* channels &* 4
      var block = 0
      while block < channels {
        let channel = min(block, channels &- width) &* 4
        var sums = InlineArray<Columns, L.Vector> { _ in L.load(UnsafeRawPointer(arguments.bias) + channel) }
        var factors = weights + channel
        for tap in 0..<taps {
          let factor = L.load(factors)
          for q in 0..<Columns {
            L.multiplyAdd(&sums[q], L.load(places[tap &* Columns &+ q] + channel), factor)
          }
          factors += channels &* 4
        }
        for q in 0..<Columns { L.store(L.clamp(sums[q], lower, upper), target + q &* channels &* 4 + channel) }
        block &+= width
      }
      tile &+= Columns
    }
  }
}
