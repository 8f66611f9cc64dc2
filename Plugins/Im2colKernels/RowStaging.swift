import LayerKernels
import MicroKernels

/// Rows of an input as the windows of a band of output rows see them: padded with zeros, and with a stride split into one
/// row for each residue of the column, so that windows side by side read elements side by side.
///
/// The k-th weight then multiplies a staged row at a fixed offset: nothing is copied once for each weight, as im2col does.
struct RowStaging: Sendable {
  let input: ConvolutionInput
  let window: WindowGeometry
  let rows: RowFunctionTable
  /// Output rows of a band.
  let bandRows: Int
  /// Input rows under a band.
  let stagedRows: Int
  /// Elements of a staged row of one residue.
  let pitch: Int
  private let rowLength: Int

  init(_ problem: ConvolutionProblem, layout: TensorLayout, bandRows: Int, rows: RowFunctionTable) {
    input = ConvolutionInput(problem, layout: layout)
    let window = problem.window
    self.window = window
    self.rows = rows
    self.bandRows = bandRows
    stagedRows = window.rows(under: bandRows)
    rowLength = problem.output.width + (window.kernel.width - 1) * window.dilation.width / window.stride.width
    pitch = AlignedMemory.paddedCount(rowLength)
  }

  /// The residues of a column: as many as the stride.
  var residues: Int { window.stride.width }

  /// Elements of one staged channel.
  var channelSize: Int { residues * stagedRows * pitch }

  /// Elements from an output row's inputs to the next one's.
  var outputRowStep: Int { window.stride.height * pitch }

  /// Where the staged element lies that a weight multiplies for the first output of a band.
  func offset(channel: Int, row: Int, column: Int) -> Int {
    let place = column * window.dilation.width
    return channel * channelSize + (place % residues * stagedRows + row * window.dilation.height) * pitch
      + place / residues
  }

  /// Elements of scratch memory that staging needs after the staged channels: a row of triples dealt out to channels.
  var scratchSize: Int { dealsTriples ? 3 * AlignedMemory.paddedCount(input.width) : 0 }

  /// Whether the pixels of the input are triples, which are dealt out to rows of channels first.
  private var dealsTriples: Bool { input.layout == .channelsLast && input.channels == 3 }

  /// Stages the rows of `channels` of an image under some output rows, at least one and at most ``bandRows``.
  ///
  /// - Parameter scratch: room for ``scratchSize`` elements.
  func stage(
    _ operand: TensorOperand, image: Int, channels: Range<Int>, outputRows: Range<Int>,
    into target: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>
  ) {
    let top = outputRows.lowerBound * window.stride.height - window.pads.top
    let count = window.rows(under: outputRows.count)
    let inside = max(top, 0)..<max(min(top + count, input.height), max(top, 0))
    let before = min(inside.lowerBound - top, count)
    for part in 0..<channels.count * residues {
      let rows = target + part * stagedRows * pitch
      rows.update(repeating: 0, count: before * pitch)
      (rows + (before + inside.count) * pitch).update(
        repeating: 0, count: (count - before - inside.count) * pitch)
    }
    if inside.isEmpty { return }
    let first = target + before * pitch
    for residue in 0..<residues {
      let span = span(of: residue)
      for channel in 0..<channels.count {
        clearEdges(first, channel, residue, rows: inside.count, keeping: span.columns)
      }
    }
    if dealsTriples, channels.count == 3 {
      let start = input.start(operand, image: image, channel: 0)
      for row in inside {
        var deal = GatherArguments(
          source: start + row * input.rowStride, sourceStride: 0, columnStride: 1, target: scratch, targetStride: 0,
          rows: 1, columns: 3 * input.width, partStride: scratchSize / 3)
        rows.dealToThree(&deal)
        for channel in 0..<3 {
          copy(
            scratch + channel * (scratchSize / 3), columnStride: 1, rows: 1,
            to: first + channel * channelSize + (row - inside.lowerBound) * pitch)
        }
      }
      return
    }
    for channel in channels {
      let start = input.start(operand, image: image, channel: channel)
      copy(
        start + inside.lowerBound * input.rowStride, columnStride: input.columnStride, rows: inside.count,
        to: first + (channel - channels.lowerBound) * channelSize)
    }
  }

  /// Copies rows of one channel to the rows of all residues.
  private func copy(
    _ source: UnsafePointer<Float>, columnStride: Int, rows count: Int, to target: UnsafeMutablePointer<Float>
  ) {
    let left = window.pads.left
    if residues == 2, columnStride == 1, left >= 0 {
      // The input's first column belongs to one residue, the second to the other, one on if the residue wraps.
      let place = (left % 2) * stagedRows * pitch + left / 2
      let next = ((left + 1) % 2) * stagedRows * pitch + (left + 1) / 2
      var deal = GatherArguments(
        source: source, sourceStride: input.rowStride, columnStride: 1, target: target + place, targetStride: pitch,
        rows: count, columns: min(input.width, 2 * rowLength - left), partStride: next - place)
      if deal.columns > 0 { rows.dealToTwo(&deal) }
      return
    }
    for residue in 0..<residues {
      let span = span(of: residue)
      if span.columns.isEmpty { continue }
      var copy = GatherArguments(
        source: source + span.firstInput * columnStride, sourceStride: input.rowStride,
        columnStride: residues * columnStride, target: target + residue * stagedRows * pitch + span.columns.lowerBound,
        targetStride: pitch, rows: count, columns: span.columns.count)
      rows.gather(&copy)
    }
  }

  /// The staged columns of a residue that see the input.
  private func span(of residue: Int) -> ColumnSpan {
    ColumnSpan(offset: residue - window.pads.left, stride: residues, width: input.width, outputs: rowLength)
  }

  private func clearEdges(
    _ first: UnsafeMutablePointer<Float>, _ channel: Int, _ residue: Int, rows: Int, keeping columns: Range<Int>
  ) {
    if columns.count == rowLength { return }
    for row in 0..<rows {
      let place = first + channel * channelSize + (residue * stagedRows + row) * pitch
      for column in 0..<columns.lowerBound { place[column] = 0 }
      for column in columns.upperBound..<rowLength { place[column] = 0 }
    }
  }
}

extension WindowGeometry {
  /// The rows from the first to the last that so many rows of windows see, padding included.
  func rows(under count: Int) -> Int { (count - 1) * stride.height + (kernel.height - 1) * dilation.height + 1 }
}
