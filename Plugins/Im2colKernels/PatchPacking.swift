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
  /// For each column of the filter the output columns that see the input there, and likewise for rows.
  private let columnSpans: [ColumnSpan]
  private let rowSpans: [ColumnSpan]
  /// Whether a patch of whole rows is the input, shifted.
  private let isShift: Bool

  init(_ problem: ConvolutionProblem, layout: TensorLayout, gather: GatherFunction) {
    input = ConvolutionInput(problem, layout: layout)
    let window = problem.window
    self.window = window
    output = problem.output
    self.gather = gather
    isShift =
      window.stride == WindowGeometry.Extent(1) && problem.output.width == problem.input.width
      && layout != .channelsLast
    columnSpans = (0..<window.kernel.width).map { column in
      ColumnSpan(
        offset: column * window.dilation.width - window.pads.left, stride: window.stride.width,
        width: problem.input.width, outputs: problem.output.width)
    }
    rowSpans = (0..<window.kernel.height).map { row in
      ColumnSpan(
        offset: row * window.dilation.height - window.pads.top, stride: window.stride.height,
        width: problem.input.height, outputs: problem.output.height)
    }
  }

  /// Packs the pixels `range` of an image's channels into rows of `pitch` elements.
  func pack(
    _ operand: TensorOperand, image: Int, channels: Range<Int>, pixels range: Range<Int>,
    into target: UnsafeMutablePointer<Float>, pitch: Int
  ) {
    // The range is whole output rows, perhaps between parts of two.
    let width = output.width
    let firstRow = range.lowerBound / width
    let lastRow = (range.upperBound - 1) / width
    let head = range.lowerBound - firstRow * width
    let end = range.upperBound - lastRow * width
    var row = target
    columnSpans.withUnsafeBufferPointer { columnSpans in
      rowSpans.withUnsafeBufferPointer { rowSpans in
        for channel in channels {
          let source = UnsafePointer(input.start(operand, image: image, channel: channel))
          for rowSpan in rowSpans {
            for columnSpan in columnSpans {
              let patch = Patch(source: source, rows: rowSpan, columns: columnSpan)
              if firstRow == lastRow {
                pack(patch, rows: firstRow..<firstRow + 1, columns: head..<end, row)
              } else {
                var place = row
                if head > 0 {
                  pack(patch, rows: firstRow..<firstRow + 1, columns: head..<width, place)
                  place += width - head
                }
                let whole = (head > 0 ? firstRow + 1 : firstRow)..<(end < width ? lastRow : lastRow + 1)
                pack(patch, rows: whole, columns: 0..<width, place)
                if end < width {
                  pack(patch, rows: lastRow..<lastRow + 1, columns: 0..<end, place + whole.count * width)
                }
              }
              row += pitch
            }
          }
        }
      }
    }
  }

  /// One channel as one weight sees it.
  private struct Patch {
    let source: UnsafePointer<Float>
    let rows: ColumnSpan
    let columns: ColumnSpan
  }

  /// Packs the columns of several output rows, which lie one after the other in the target.
  @inline(__always)
  private func pack(_ patch: Patch, rows: Range<Int>, columns: Range<Int>, _ target: UnsafeMutablePointer<Float>) {
    let count = columns.count
    let inside = patch.rows.columns.clamped(to: rows)
    let seen = patch.columns.columns.clamped(to: columns)
    if inside.count < rows.count || seen.isEmpty {
      target.update(repeating: 0, count: rows.count * count)
      if inside.isEmpty || seen.isEmpty { return }
    }
    let first = target + (inside.lowerBound - rows.lowerBound) * count
    let before = seen.lowerBound - columns.lowerBound
    let row = patch.rows.firstInput + (inside.lowerBound - patch.rows.columns.lowerBound) * window.stride.height
    if isShift, count == output.width {
      packShift(patch, row: row, column: patch.columns.firstInput - seen.lowerBound, first, inside.count, seen)
      return
    }
    clearEdges(first, rows: inside.count, of: count, keeping: before..<before + seen.count)
    let column = patch.columns.firstInput + (seen.lowerBound - patch.columns.columns.lowerBound) * window.stride.width
    var copy = GatherArguments(
      source: patch.source + row * input.rowStride + column * input.columnStride,
      sourceStride: window.stride.height * input.rowStride, columnStride: window.stride.width * input.columnStride,
      target: first + before, targetStride: count, rows: inside.count, columns: seen.count)
    gather(&copy)
  }

  /// Packs whole rows where the output is as wide as the input: one shifted copy of them all, whose edges are cleared.
  @inline(__always)
  private func packShift(
    _ patch: Patch, row: Int, column: Int, _ target: UnsafeMutablePointer<Float>, _ rows: Int, _ seen: Range<Int>
  ) {
    let start = row * input.width + column
    let skipped = max(-start, 0)
    let count = min(rows * input.width, input.height * input.width - start) - skipped
    var copy = GatherArguments(
      source: patch.source + start + skipped, sourceStride: 0, columnStride: 1, target: target + skipped,
      targetStride: 0, rows: 1, columns: count)
    gather(&copy)
    clearEdges(target, rows: rows, of: input.width, keeping: seen)
  }

  @inline(__always)
  private func clearEdges(_ target: UnsafeMutablePointer<Float>, rows: Int, of width: Int, keeping seen: Range<Int>) {
    if seen.count == width { return }
    for row in 0..<rows {
      let place = target + row * width
      for column in 0..<seen.lowerBound { place[column] = 0 }
      for column in seen.upperBound..<width { place[column] = 0 }
    }
  }
}
