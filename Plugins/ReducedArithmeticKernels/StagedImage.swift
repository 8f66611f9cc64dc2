import LayerKernels
import MicroKernels

/// Where a convolution's image lies after its conversion: rows of pixels with their padding around them, as far as windows reach.
struct StagedImage: Sendable {
  /// The staged rows and columns.
  let height: Int
  let width: Int
  /// Bytes from a pixel to the next.
  let pitch: Int
  /// Where the terms of an output pixel's sum lie.
  let terms: DotProduct.Terms
  /// The rows of the input that a window reads.
  let rows: [Int]
  /// Whether a window reads a staged row.
  let isRowRead: [Bool]
  /// The columns of the input that windows read.
  let columns: [Range<Int>]

  /// The most bytes of an image.
  static let maximumByteCount = 1 << 28
  /// The most pairs of a window's columns, or rows, with an output's.
  static let maximumTapCount = 1 << 24

  /// A convolution's image; nil where it is too large.
  init?(_ problem: ConvolutionProblem, _ format: DotFormat) {
    let window = problem.window
    let (kernel, output) = (window.kernel, problem.output)
    guard output.height > 0, output.width > 0 else { return nil }
    // No wider than the padded image, so that no product overflows but those that are compared in floats.
    height = (output.height - 1) * window.stride.height + (kernel.height - 1) * window.dilation.height + 1
    width = (output.width - 1) * window.stride.width + (kernel.width - 1) * window.dilation.width + 1
    let words = format.wordCount(problem.inputChannels)
    pitch = words * 4
    guard Double(height) * Double(width) * Double(pitch) <= Double(Self.maximumByteCount),
      output.height * kernel.height <= Self.maximumTapCount, output.width * kernel.width <= Self.maximumTapCount,
      kernel.height * kernel.width <= Self.maximumTapCount
    else { return nil }
    let (rowStep, tapStep) = (width * pitch * window.dilation.height, pitch * window.dilation.width)
    // The elements of a window's row lie side by side unless it is dilated.
    let isDense = window.dilation.width == 1 || kernel.width == 1
    terms = DotProduct.Terms(
      runOffsets: (0..<kernel.height).flatMap { row in
        (0..<(isDense ? 1 : kernel.width)).map { Int32(row * rowStep + $0 * tapStep) }
      },
      runLength: isDense ? kernel.width * words : words)

    func read(_ size: Int, _ outputs: Int, _ stride: Int, _ taps: Int, _ dilation: Int) -> [Bool] {
      var isRead = [Bool](repeating: false, count: size)
      for output in 0..<outputs {
        for tap in 0..<taps { isRead[output * stride + tap * dilation] = true }
      }
      return isRead
    }
    let isRowRead = read(height, output.height, window.stride.height, kernel.height, window.dilation.height)
    let isColumnRead = read(width, output.width, window.stride.width, kernel.width, window.dilation.width)
    self.isRowRead = isRowRead
    rows = (0..<problem.input.height).filter { row in
      let staged = row + window.pads.top
      return staged < isRowRead.count && isRowRead[staged]
    }
    var columns: [Range<Int>] = []
    for column in 0..<problem.input.width {
      let staged = column + window.pads.left
      guard staged < isColumnRead.count, isColumnRead[staged] else { continue }
      if let last = columns.last, last.upperBound == column {
        columns[columns.count - 1] = last.lowerBound..<column + 1
      } else {
        columns.append(column..<column + 1)
      }
    }
    self.columns = columns
  }

  /// The bytes of an image, in whole words.
  var byteCount: Int { height * width * pitch }
}
