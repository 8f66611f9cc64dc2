import LayerKernels
import MicroKernels

/// The geometry of a 3×3 convolution cut into rows of tiles, and the staging and storing that all of Winograd's forms share.
struct TileRows: Sendable {
  let size: Int
  let input: WindowGeometry.Extent
  let output: WindowGeometry.Extent
  let pads: WindowGeometry.Pads
  /// Tiles along a row, and rows of tiles.
  let columns: Int
  let rows: Int
  /// Elements of a staged row, and of a row of finished tiles.
  let rowStride: Int
  /// Elements of the transforms' scratch memory.
  let scratchSize: Int

  init(_ problem: ConvolutionProblem, size: Int, lanes: Int) {
    self.size = size
    input = problem.input
    output = problem.output
    pads = problem.window.pads
    columns = (output.width + size - 1) / size
    rows = (output.height + size - 1) / size
    let vectors = (columns + 1 + lanes - 1) / lanes
    rowStride = AlignedMemory.paddedCount(max(size * vectors * lanes, pads.left + input.width) + lanes)
    scratchSize = AlignedMemory.paddedCount(2 * (size + 2) * size * (columns + 3 * lanes))
  }

  var extent: Int { size + 2 }

  /// Copies the rows that a row of tiles reads, with zeros where there is padding.
  func stage(_ plane: UnsafePointer<Float>, row: Int, into staged: UnsafeMutablePointer<Float>) {
    for line in 0..<extent {
      let target = staged + line * rowStride
      let source = row * size + line - pads.top
      guard source >= 0, source < input.height else {
        target.update(repeating: 0, count: rowStride)
        continue
      }
      target.update(repeating: 0, count: pads.left)
      (target + pads.left).update(from: plane + source * input.width, count: input.width)
      let end = pads.left + input.width
      (target + end).update(repeating: 0, count: rowStride - end)
    }
  }

  /// Copies finished rows to the output, as far as they lie inside of it.
  func store(
    _ finished: UnsafePointer<Float>, row: Int, to plane: UnsafeMutablePointer<Float>,
    residual: UnsafePointer<Float>?, activation: Activation?
  ) {
    for line in 0..<min(size, output.height - row * size) {
      let source = finished + line * rowStride
      let start = (row * size + line) * output.width
      if residual == nil, activation == nil {
        (plane + start).update(from: source, count: output.width)
        continue
      }
      let bounds = activation?.clampBounds ?? (-.infinity, .infinity)
      if let residual {
        for column in 0..<output.width {
          let sum = source[column] + residual[start + column]
          plane[start + column] = min(max(sum, bounds.lower), bounds.upper)
        }
      } else {
        (plane + start).update(from: source, count: output.width)
      }
      if let activation, activation.clampBounds == nil {
        for column in start..<(start + output.width) { plane[column] = Float(activation(Double(plane[column]))) }
      }
    }
  }
}

/// Element offsets at an address that does not move.
///
/// `@unchecked Sendable`: written only in the initialiser.
final class OffsetTable: @unchecked Sendable {
  let start: UnsafePointer<Int32>

  /// Multiples of a stride, from 0.
  init(count: Int, stride: Int) {
    let memory = UnsafeMutablePointer<Int32>.allocate(capacity: max(count, 1))
    for index in 0..<max(count, 1) { (memory + index).initialize(to: Int32(index * stride)) }
    start = UnsafePointer(memory)
  }

  deinit { start.deallocate() }
}
