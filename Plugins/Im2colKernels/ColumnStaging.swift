import LayerKernels
import MicroKernels

/// Planes of an input as each column of a filter sees them: shifted, with zeros where the padding is, as wide as the output.
///
/// An output row's inputs for another row of the filter are then a staged row further down, so that a run of output rows
/// reads one run of elements for each weight. Where windows move by several rows, rows that lie so far apart are a plane of
/// their own.
struct ColumnStaging: Sendable {
  /// Output rows of a band.
  let bandRows: Int
  /// Elements from a staged plane to the next one.
  let pitch: Int
  private let channels: Int
  private let window: WindowGeometry
  private let width: Int
  /// Rows that a staged plane has more than a band has output rows.
  private let furtherRows: Int
  /// The residues of a filter's rows to the stride, and how each is packed.
  private let residues: [Int]
  private let packings: [PatchPacking]

  /// Planes for bands of so many output rows.
  init(_ problem: ConvolutionProblem, layout: TensorLayout, bandRows: Int, gather: GatherFunction) {
    let window = problem.window
    self.window = window
    self.bandRows = bandRows
    channels = problem.inputChannels / problem.groups
    width = problem.output.width
    let stride = window.stride.height
    furtherRows = Self.furtherRows(window)
    residues = Self.residues(window)
    pitch = Self.pitch(problem, bandRows: bandRows)
    let rows = problem.output.height + furtherRows
    packings = residues.map { residue in
      PatchPacking(
        ConvolutionInput(problem, layout: layout), window,
        output: WindowGeometry.Extent(height: rows, width: problem.output.width),
        rowSpans: [
          ColumnSpan(
            offset: residue - window.pads.top, stride: stride, width: problem.input.height, outputs: rows)
        ], gather: gather)
    }
  }

  /// Elements of all staged planes; in floating point, since sizes from a file may be too large to multiply.
  static func elementCount(_ problem: ConvolutionProblem, bandRows: Int) -> Double {
    let window = problem.window
    let rows = Double(bandRows) + Double((window.kernel.height - 1) * window.dilation.height / window.stride.height)
    let planes = Double(problem.inputChannels / problem.groups) * Double(window.kernel.width)
    return planes * Double(min(window.stride.height, window.kernel.height))
      * (rows * Double(problem.output.width) + Double(2 * AlignedMemory.elementAlignment))
  }

  private static func furtherRows(_ window: WindowGeometry) -> Int {
    (window.kernel.height - 1) * window.dilation.height / window.stride.height
  }

  private static func residues(_ window: WindowGeometry) -> [Int] {
    Set((0..<window.kernel.height).map { $0 * window.dilation.height % window.stride.height }).sorted()
  }

  /// A vector more than the rows need, because planes that lie a multiple of 4 KiB apart share the sets of the first cache.
  private static func pitch(_ problem: ConvolutionProblem, bandRows: Int) -> Int {
    let width = problem.output.width
    let last = AlignedMemory.paddedCount(bandRows * width)
    return AlignedMemory.paddedCount(furtherRows(problem.window) * width + last) + AlignedMemory.elementAlignment
  }

  /// Elements of all staged planes.
  var elementCount: Int { residues.count * channels * window.kernel.width * pitch }

  /// Where the input of a band's first output lies for each weight of a filter.
  func offsets() -> [Int32] {
    var offsets: [Int32] = []
    for channel in 0..<channels {
      for row in 0..<window.kernel.height {
        let place = row * window.dilation.height
        let residue = residues.firstIndex(of: place % window.stride.height) ?? 0
        for column in 0..<window.kernel.width {
          let plane = (residue * channels + channel) * window.kernel.width + column
          offsets.append(Int32(plane * pitch + place / window.stride.height * width))
        }
      }
    }
    return offsets
  }

  /// Stages the planes of one group of an image under some output rows, at least one and at most ``bandRows``.
  func stage(
    _ operand: TensorOperand, image: Int, group: Int, rows: Range<Int>, into target: UnsafeMutablePointer<Float>
  ) {
    let staged = rows.lowerBound * width..<(rows.upperBound + furtherRows) * width
    for (index, packing) in packings.enumerated() {
      packing.pack(
        operand, image: image, channels: group * channels..<(group + 1) * channels, pixels: staged,
        into: target + index * channels * window.kernel.width * pitch, pitch: pitch)
    }
  }
}
