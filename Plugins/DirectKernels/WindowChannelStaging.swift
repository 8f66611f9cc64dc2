import LayerKernels
import MicroKernels

/// The input rows under a band of output rows as pixels with their channels, padded with zeros: a window's columns lie side
/// by side, so that a row of a window that is not dilated is one run of elements.
///
/// Only the channels that one part of the outputs sees are staged. Where groups are narrower than a vector, each is spread:
/// a pixel has a vector for each channel of a group, whose lanes are the inputs of the output channels of a vector.
struct WindowChannelStaging: Sendable {
  let input: ConvolutionChannels
  let window: WindowGeometry
  /// Elements of a staged pixel.
  let pixelSize: Int
  /// Pixels of a staged row.
  let columns: Int
  /// Offsets of a window's runs, in elements.
  let runs: [Int32]
  /// The terms of a run.
  let runLength: Int
  private let rows: RowFunctionTable
  private let planes: PlaneFunctionTable
  private let spread: MicroKernelFunction<ChannelSpreadArguments>

  /// - Parameter lanes: the floats of a staged vector; 1 where channels are not spread.
  init(_ problem: ConvolutionProblem, layout: TensorLayout, lanes: Int, _ set: MicroKernelSet) {
    let window = problem.window
    let channels = problem.inputChannels / problem.groups
    input = ConvolutionChannels(problem, layout: layout)
    self.window = window
    pixelSize = channels * lanes
    columns = Self.columns(problem)
    let isWhole = window.dilation.width == 1
    let (pixelSize, columns) = (pixelSize, columns)
    runs = (0..<window.kernel.height).flatMap { row in
      (0..<(isWhole ? 1 : window.kernel.width)).map { column in
        Int32((row * window.dilation.height * columns + column * window.dilation.width) * pixelSize)
      }
    }
    runLength = channels * (isWhole ? window.kernel.width : 1)
    rows = set.rows
    planes = set.planes
    spread = set.windowTiles.channels.spread
  }

  /// The pixels of a staged row.
  static func columns(_ problem: ConvolutionProblem) -> Int {
    let window = problem.window
    return (problem.output.width - 1) * window.stride.width + (window.kernel.width - 1) * window.dilation.width + 1
  }

  /// The rows under so many output rows.
  static func rows(_ window: WindowGeometry, under count: Int) -> Int {
    (count - 1) * window.stride.height + (window.kernel.height - 1) * window.dilation.height + 1
  }

  /// Elements from an output row's inputs to the next one's.
  var outputRowStep: Int { window.stride.height * columns * pixelSize }

  /// Elements from an output pixel's inputs to the next one's.
  var outputStep: Int { window.stride.width * pixelSize }

  /// Elements that are staged for so many output rows.
  func count(rows: Int) -> Int { Self.rows(window, under: rows) * columns * pixelSize }

  /// Stages the rows of some channels of an image under some output rows, at least one.
  ///
  /// - Parameter places: for each channel of a group, for each lane the channel that it reads, counted from the first; nil
  ///   where channels are not spread.
  func stage(
    _ operand: TensorOperand, image: Int, channels: Range<Int>, outputRows: Range<Int>,
    places: UnsafePointer<Int32>?, into target: UnsafeMutablePointer<Float>
  ) {
    let top = outputRows.lowerBound * window.stride.height - window.pads.top
    let rowSize = columns * pixelSize
    let left = min(max(window.pads.left, 0), columns)
    let skipped = max(-window.pads.left, 0)
    let inside = max(min(input.width - skipped, columns - left), 0)
    for row in 0..<Self.rows(window, under: outputRows.count) {
      let line = target + row * rowSize
      let y = top + row
      guard y >= 0, y < input.height, inside > 0 else {
        line.update(repeating: 0, count: rowSize)
        continue
      }
      line.update(repeating: 0, count: left * pixelSize)
      (line + (left + inside) * pixelSize).update(repeating: 0, count: (columns - left - inside) * pixelSize)
      stageRow(
        operand, image: image, channels: channels, y: y, x: skipped, count: inside, places: places,
        into: line + left * pixelSize)
    }
  }

  private func stageRow(
    _ operand: TensorOperand, image: Int, channels: Range<Int>, y: Int, x: Int, count: Int,
    places: UnsafePointer<Int32>?, into target: UnsafeMutablePointer<Float>
  ) {
    let pixel = y * input.width + x
    if input.layout != .channelsLast {
      let isList = input.layout == .planeList
      let plane = image * input.channels + channels.lowerBound
      var transpose = TransposeArguments(
        source: operand.base + (isList ? 0 : plane * input.height * input.width) + pixel,
        sourceStride: input.height * input.width, target: target, targetStride: pixelSize, rows: channels.count,
        columns: count)
      if isList { transpose.sourceRows = operand.planes + plane }
      planes.transpose(&transpose)
      return
    }
    let source = operand.base + (image * input.height * input.width + pixel) * input.channels + channels.lowerBound
    if let places {
      var arguments = ChannelSpreadArguments(
        source: source, sourceStep: input.channels, sourceCount: channels.count, target: target, places: places,
        vectorCount: input.groupChannels, pixelCount: count)
      spread(&arguments)
    } else if channels.count == input.channels {
      target.update(from: source, count: count * pixelSize)
    } else {
      var copy = GatherArguments(
        source: source, sourceStride: input.channels, columnStride: 1, target: target, targetStride: pixelSize,
        rows: count, columns: channels.count)
      rows.gather(&copy)
    }
  }
}

/// The sizes of a convolution's input.
struct ConvolutionChannels: Sendable {
  /// The layouts in the order in which a configuration's `input` counts them.
  static let layouts: [TensorLayout] = [.planeList, .rowMajor, .channelsLast]

  let layout: TensorLayout
  let channels: Int
  let groupChannels: Int
  let height: Int
  let width: Int

  init(_ problem: ConvolutionProblem, layout: TensorLayout) {
    self.layout = layout
    channels = problem.inputChannels
    groupChannels = problem.inputChannels / problem.groups
    height = problem.input.height
    width = problem.input.width
  }
}
