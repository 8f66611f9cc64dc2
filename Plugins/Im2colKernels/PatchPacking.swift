import LayerKernels
import MicroKernels

/// Writes the patches of a run of output pixels as the columns of a matrix: row k holds, for each pixel, the input element
/// that the k-th weight multiplies, zero in the padding (Chellapilla, Puri and Simard, "High Performance Convolutional Neural
/// Networks for Document Processing", 2006).
struct PatchPacking: Sendable {
  let input: ConvolutionInput
  let window: WindowGeometry
  let output: WindowGeometry.Extent
  let gather: GatherFunction
  private let spans: [ColumnSpan]

  init(_ problem: ConvolutionProblem, layout: TensorLayout, gather: GatherFunction) {
    input = ConvolutionInput(problem, layout: layout)
    let window = problem.window
    self.window = window
    output = problem.output
    self.gather = gather
    spans = (0..<window.kernel.width).map { column in
      ColumnSpan(
        offset: column * window.dilation.width - window.pads.left, stride: window.stride.width,
        width: problem.input.width, outputs: problem.output.width)
    }
  }

  /// Packs the pixels `range` of an image's channels into rows of `pitch` elements.
  func pack(
    _ operand: TensorOperand, image: Int, channels: Range<Int>, pixels range: Range<Int>,
    into target: UnsafeMutablePointer<Float>, pitch: Int
  ) {
    var row = target
    spans.withUnsafeBufferPointer { spans in
      for channel in channels {
        let source = UnsafePointer(input.start(operand, image: image, channel: channel))
        for r in 0..<window.kernel.height {
          for s in 0..<window.kernel.width {
            packRow(source, rowOffset: r * window.dilation.height - window.pads.top, spans[s], range, row)
            row += pitch
          }
        }
      }
    }
  }

  /// Packs one row of the matrix: whole output rows at a time where the range holds them.
  private func packRow(
    _ source: UnsafePointer<Float>, rowOffset: Int, _ span: ColumnSpan, _ range: Range<Int>,
    _ target: UnsafeMutablePointer<Float>
  ) {
    let width = output.width
    var pixel = range.lowerBound
    while pixel < range.upperBound {
      let y = pixel / width
      let first = pixel - y * width
      let isWhole = first == 0 && range.upperBound - pixel >= width
      let rows = isWhole ? (range.upperBound - pixel) / width : 1
      let end = isWhole ? width : min(width, first + range.upperBound - pixel)
      packRows(
        source, rows: y..<y + rows, rowOffset, columns: first..<end, span, target + (pixel - range.lowerBound))
      pixel += rows * (end - first)
    }
  }

  /// Packs the columns of several output rows, which lie one behind the other in the target.
  private func packRows(
    _ source: UnsafePointer<Float>, rows: Range<Int>, _ rowOffset: Int, columns: Range<Int>, _ span: ColumnSpan,
    _ target: UnsafeMutablePointer<Float>
  ) {
    let stride = window.stride.height
    let visible = ColumnSpan(offset: rowOffset, stride: stride, width: input.height, outputs: output.height).columns
    let inside = visible.clamped(to: rows)
    let count = columns.count
    (target).update(repeating: 0, count: (inside.isEmpty ? rows.count : inside.lowerBound - rows.lowerBound) * count)
    if inside.isEmpty { return }
    (target + (inside.upperBound - rows.lowerBound) * count).update(
      repeating: 0, count: (rows.upperBound - inside.upperBound) * count)
    let first = target + (inside.lowerBound - rows.lowerBound) * count
    let seen = span.columns.clamped(to: columns)
    let before = (seen.isEmpty ? count : seen.lowerBound - columns.lowerBound)
    let behind = seen.isEmpty ? 0 : columns.upperBound - seen.upperBound
    if before + behind > 0 {
      for row in 0..<inside.count {
        let place = first + row * count
        for column in 0..<before { place[column] = 0 }
        for column in count - behind..<count { place[column] = 0 }
      }
    }
    if seen.isEmpty { return }
    let column = span.firstInput + (seen.lowerBound - span.columns.lowerBound) * window.stride.width
    var copy = GatherArguments(
      source: source + (inside.lowerBound * stride + rowOffset) * input.rowStride + column * input.columnStride,
      sourceStride: stride * input.rowStride, columnStride: window.stride.width * input.columnStride,
      target: first + before, targetStride: count, rows: inside.count, columns: seen.count)
    gather(&copy)
  }
}
