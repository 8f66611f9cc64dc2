import LayerKernels
import MicroKernels

/// Rows of an input as the windows of a band of output rows see them: padded with zeros, and with a stride split into one
/// row for each residue of the column, so that windows side by side read elements side by side.
///
/// The k-th weight then multiplies a staged row at a fixed offset: nothing is copied once for each weight, as im2col does.
struct RowStaging: Sendable {
  let input: ConvolutionInput
  let window: WindowGeometry
  let gather: GatherFunction
  /// Output rows of a band.
  let bandRows: Int
  /// Input rows under a band.
  let stagedRows: Int
  /// Elements of a staged row of one residue.
  let pitch: Int
  private let rowLength: Int

  init(_ problem: ConvolutionProblem, layout: TensorLayout, bandRows: Int, gather: GatherFunction) {
    input = ConvolutionInput(problem, layout: layout)
    let window = problem.window
    self.window = window
    self.gather = gather
    self.bandRows = bandRows
    stagedRows = (bandRows - 1) * window.stride.height + (window.kernel.height - 1) * window.dilation.height + 1
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

  /// Stages the rows under the output rows from `firstRow` on, of `channels` of an image.
  func stage(
    _ operand: TensorOperand, image: Int, channels: Range<Int>, firstRow: Int,
    into target: UnsafeMutablePointer<Float>
  ) {
    let top = firstRow * window.stride.height - window.pads.top
    let inside = max(top, 0)..<max(min(top + stagedRows, input.height), max(top, 0))
    let before = min(inside.lowerBound - top, stagedRows)
    let behind = stagedRows - before - inside.count
    for residue in 0..<residues {
      let span = ColumnSpan(
        offset: residue - window.pads.left, stride: residues, width: input.width, outputs: rowLength)
      for channel in channels {
        let rows = target + (channel - channels.lowerBound) * channelSize + residue * stagedRows * pitch
        rows.update(repeating: 0, count: before * pitch)
        (rows + (stagedRows - behind) * pitch).update(repeating: 0, count: behind * pitch)
        if inside.isEmpty { continue }
        let first = rows + before * pitch
        if span.columns.count < rowLength {
          for row in 0..<inside.count {
            let place = first + row * pitch
            for column in 0..<span.columns.lowerBound { place[column] = 0 }
            for column in span.columns.upperBound..<rowLength { place[column] = 0 }
          }
        }
        if span.columns.isEmpty { continue }
        let source = UnsafePointer(input.start(operand, image: image, channel: channel))
        var copy = GatherArguments(
          source: source + inside.lowerBound * input.rowStride + span.firstInput * input.columnStride,
          sourceStride: input.rowStride, columnStride: residues * input.columnStride,
          target: first + span.columns.lowerBound, targetStride: pitch, rows: inside.count,
          columns: span.columns.count)
        gather(&copy)
      }
    }
  }
}
