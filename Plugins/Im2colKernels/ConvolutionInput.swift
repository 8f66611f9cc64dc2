import LayerKernels
import MicroKernels

/// The input of a convolution in any layout, seen as rows.
struct ConvolutionInput: Sendable {
  /// The layouts in the order in which a configuration's `input` counts them.
  static let layouts: [TensorLayout] = [.planeList, .rowMajor, .channelsLast]

  let layout: TensorLayout
  let channels: Int
  let height: Int
  let width: Int

  init(_ problem: ConvolutionProblem, layout: TensorLayout) {
    self.layout = layout
    channels = problem.inputChannels
    height = problem.input.height
    width = problem.input.width
  }

  /// Elements from a column to the next.
  var columnStride: Int { layout == .channelsLast ? channels : 1 }

  /// Elements from a row to the next.
  var rowStride: Int { width * columnStride }

  /// The first element of a channel of an image.
  func start(_ operand: TensorOperand, image: Int, channel: Int) -> UnsafeMutablePointer<Float> {
    switch layout {
    case .planeList: operand.plane(image * channels + channel)
    case .rowMajor: operand.base + (image * channels + channel) * height * width
    // Nothing here reads bytes.
    case .channelsLast, .bytes: operand.base + image * height * width * channels + channel
    }
  }
}

/// The columns of an output row whose windows see the input at one column of the filter.
struct ColumnSpan: Hashable, Sendable {
  /// The first such column, and one past the last.
  let columns: Range<Int>
  /// The input column that the first of them sees.
  let firstInput: Int

  /// The span of outputs `x` with `0 ≤ x · stride + offset < width`, `offset` as a filter's column lies to the window's start.
  init(offset: Int, stride: Int, width: Int, outputs: Int) {
    let first = offset >= 0 ? 0 : (-offset + stride - 1) / stride
    let end = width > offset ? (width - offset + stride - 1) / stride : 0
    let lower = min(first, outputs)
    columns = lower..<max(lower, min(end, outputs))
    firstInput = lower * stride + offset
  }
}
