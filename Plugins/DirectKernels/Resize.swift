import LayerKernels
import MicroKernels

/// Resizing of planes or pixels: which input elements an output element is made of is known beforehand, and an input row is
/// brought to the output's width once for all output rows that it is mixed into.
///
/// Configuration: `layout`, 0 plane lists, 1 row-major, 2 channels last.
public struct Resize: LayerKernel {
  /// `direct.resize`
  public let identifier: KernelIdentifier = "direct.resize"
  /// The second: rows by vectors, channels last.
  public let version = 2

  /// The kernel.
  public init() {}

  /// Always.
  public func applicability(to problem: ResizeProblem) -> Applicability { .applies }

  /// The layouts in the order in which a configuration counts them.
  private static let layouts: [TensorLayout] = [.planeList, .rowMajor, .channelsLast]

  /// A twentieth.
  public func expectedEfficiency(for problem: ResizeProblem) -> Double { 0.05 }

  /// One for each layout.
  public func configurations(for problem: ResizeProblem) -> [KernelConfiguration] {
    Self.layouts.indices.map { ["layout": $0] }
  }

  /// The configuration's layout.
  public func layouts(for problem: ResizeProblem, configuration: KernelConfiguration) -> OperandLayouts {
    let choice = configuration["layout"] ?? 0
    return OperandLayouts(all: Self.layouts.indices.contains(choice) ? Self.layouts[choice] : .planeList)
  }

  /// Lists the elements of each row and column.
  ///
  /// - Throws: ``KernelError`` when the configuration names no layout.
  public func prepare(
    _ problem: ResizeProblem, configuration: KernelConfiguration, parameters: NoParameters
  ) throws -> any PreparedKernel {
    let layout = try configuration.value("layout", in: Self.layouts.indices, of: identifier)
    return PreparedResize(
      input: problem.inputShape, output: problem.outputShape, layout: Self.layouts[layout],
      isLinear: problem.interpolation == .linear, rows: ResizeLines(problem.taps(along: .height)),
      columns: ResizeLines(problem.taps(along: .width)))
  }
}

/// The kernel bound to its sizes.
private struct PreparedResize: PreparedKernel {
  let input: TensorShape
  let output: TensorShape
  let layout: TensorLayout
  let isLinear: Bool
  let rows: ResizeLines
  let columns: ResizeLines

  /// Channels that lie side by side.
  private var channels: Int { layout == .channelsLast ? output[1] : 1 }

  /// Elements of an output row.
  private var lineLength: Int { columns.count * channels }

  /// Two input rows, already as wide as the output, for each worker.
  func workspaceSize(workers: Int) -> Int {
    isLinear ? workers * 2 * AlignedMemory.paddedCount(lineLength) * MemoryLayout<Float>.stride : 0
  }

  func run(_ operands: LayerOperands, phase: Int, worker: Worker) {
    let line = AlignedMemory.paddedCount(lineLength)
    let scratch = operands.workspace.assumingMemoryBound(to: Float.self) + worker.index * 2 * line
    func resize(_ plane: Int, _ rows: Range<Int>) {
      let (inputSize, outputSize) = (input[2] * input[3] * channels, rowCount * lineLength)
      let isList = layout == .planeList
      let source = UnsafePointer(isList ? operands.input.plane(plane) : operands.input.base + plane * inputSize)
      let target = isList ? operands.output.plane(plane) : operands.output.base + plane * outputSize
      if isLinear {
        interpolate(source, target, rows, (scratch, scratch + line))
      } else {
        repeatNearest(source, target, rows)
      }
    }
    if layout == .channelsLast {
      worker.forEachPicture(batch: output[0], height: rowCount) { picture, rows in resize(picture, rows) }
    } else {
      worker.forEachShare(batch: output[0], channels: output[1], height: rowCount, width: columns.count) {
        planes, rows in
        for plane in planes { resize(plane, rows) }
      }
    }
  }

  /// Output rows.
  private var rowCount: Int { rows.count }

  private func repeatNearest(
    _ source: UnsafePointer<Float>, _ target: UnsafeMutablePointer<Float>, _ range: Range<Int>
  ) {
    let length = lineLength
    for row in range {
      let place = target + row * length
      if row > range.lowerBound, rows.lower[row] == rows.lower[row - 1] {
        place.update(from: place - length, count: length)
        continue
      }
      let from = source + Int(rows.lower[row]) * input[3] * channels
      if channels == 1 {
        columns.repeatNearest(from, into: place)
      } else {
        columns.repeatNearest(from, into: place, channels: channels)
      }
    }
  }

  private func interpolate(
    _ source: UnsafePointer<Float>, _ target: UnsafeMutablePointer<Float>, _ range: Range<Int>,
    _ lines: (first: UnsafeMutablePointer<Float>, second: UnsafeMutablePointer<Float>)
  ) {
    // Which input rows lie in the two lines of scratch memory.
    var held: (first: Int32, second: Int32) = (-1, -1)
    func line(_ row: Int32, keeping other: Int32) -> UnsafeMutablePointer<Float> {
      if held.first == row { return lines.first }
      if held.second == row { return lines.second }
      let usesFirst = held.first != other
      if usesFirst { held.first = row } else { held.second = row }
      let line = usesFirst ? lines.first : lines.second
      let from = source + Int(row) * input[3] * channels
      if channels == 1 {
        columns.mix(from, into: line)
      } else {
        columns.mix(from, into: line, channels: channels)
      }
      return line
    }
    let length = lineLength
    for row in range {
      let lower = line(rows.lower[row], keeping: rows.upper[row])
      let upper = line(rows.upper[row], keeping: rows.lower[row])
      ResizeLines.mix(lower, upper, rows.weights[row], into: target + row * length, count: length)
    }
  }
}
