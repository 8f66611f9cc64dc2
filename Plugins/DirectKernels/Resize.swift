import LayerKernels
import MicroKernels

/// Resizing of planes: which input elements an output element is made of is known beforehand.
///
/// Configuration: `layout`, 0 plane lists, 1 row-major.
public struct Resize: LayerKernel {
  /// `direct.resize`
  public let identifier: KernelIdentifier = "direct.resize"
  /// The first.
  public let version = 1

  /// The kernel.
  public init() {}

  /// Always.
  public func applicability(to problem: ResizeProblem) -> Applicability { .applies }

  /// A twentieth.
  public func expectedEfficiency(for problem: ResizeProblem) -> Double { 0.05 }

  /// One for each layout.
  public func configurations(for problem: ResizeProblem) -> [KernelConfiguration] { [["layout": 0], ["layout": 1]] }

  /// The configuration's layout.
  public func layouts(for problem: ResizeProblem, configuration: KernelConfiguration) -> OperandLayouts {
    OperandLayouts(all: configuration["layout"] == 1 ? .rowMajor : .planeList)
  }

  /// Lists the elements of each row and column.
  ///
  /// - Throws: ``KernelError`` when the configuration names no layout.
  public func prepare(
    _ problem: ResizeProblem, configuration: KernelConfiguration, parameters: NoParameters
  ) throws -> any PreparedKernel {
    let isRowMajor = try configuration.value("layout", in: 0...1, of: identifier) == 1
    return PreparedResize(
      input: problem.inputShape, output: problem.outputShape, isRowMajor: isRowMajor,
      isLinear: problem.interpolation == .linear, rows: problem.taps(along: .height).map(ElementPair.init),
      columns: problem.taps(along: .width).map(ElementPair.init))
  }
}

/// Two elements that are mixed to one; the upper one is the lower one where it has no part, since it may be infinite.
private struct ElementPair: Sendable, Equatable {
  let lower: Int
  let upper: Int
  let upperWeight: Float

  init(_ tap: ResizeTap) {
    lower = tap.lower
    upper = tap.upperWeight == 0 ? tap.lower : tap.upper
    upperWeight = Float(tap.upperWeight)
  }
}

/// The kernel bound to its sizes.
private struct PreparedResize: PreparedKernel {
  let input: TensorShape
  let output: TensorShape
  let isRowMajor: Bool
  let isLinear: Bool
  let rows: [ElementPair]
  let columns: [ElementPair]

  /// Two input rows of a plane, already as wide as the output, for each worker.
  func workspaceSize(workers: Int) -> Int {
    isLinear ? workers * 2 * columns.count * MemoryLayout<Float>.stride : 0
  }

  func run(_ operands: LayerOperands, phase: Int, worker: Worker) {
    let scratch = operands.workspace.assumingMemoryBound(to: Float.self) + worker.index * 2 * columns.count
    columns.withUnsafeBufferPointer { columns in
      rows.withUnsafeBufferPointer { rows in
        for plane in worker.share(of: output[0] * output[1]) {
          let source = UnsafePointer(
            isRowMajor ? operands.input.base + plane * input[2] * input[3] : operands.input.plane(plane))
          let target =
            isRowMajor ? operands.output.base + plane * output[2] * output[3] : operands.output.plane(plane)
          if isLinear {
            interpolate(source, target, rows, columns, scratch)
          } else {
            repeatNearest(source, target, rows, columns)
          }
        }
      }
    }
  }

  private func repeatNearest(
    _ source: UnsafePointer<Float>, _ target: UnsafeMutablePointer<Float>, _ rows: UnsafeBufferPointer<ElementPair>,
    _ columns: UnsafeBufferPointer<ElementPair>
  ) {
    for row in rows.indices {
      let place = target + row * columns.count
      if row > 0, rows[row].lower == rows[row - 1].lower {
        place.update(from: place - columns.count, count: columns.count)
      } else {
        let line = source + rows[row].lower * input[3]
        for column in columns.indices { place[column] = line[columns[column].lower] }
      }
    }
  }

  private func interpolate(
    _ source: UnsafePointer<Float>, _ target: UnsafeMutablePointer<Float>, _ rows: UnsafeBufferPointer<ElementPair>,
    _ columns: UnsafeBufferPointer<ElementPair>, _ scratch: UnsafeMutablePointer<Float>
  ) {
    // Which input rows lie in the two lines of scratch memory.
    var held = (first: -1, second: -1)
    func line(_ row: Int, keeping other: Int) -> UnsafeMutablePointer<Float> {
      if held.first == row { return scratch }
      if held.second == row { return scratch + columns.count }
      let usesFirst = held.first != other
      if usesFirst { held.first = row } else { held.second = row }
      let line = usesFirst ? scratch : scratch + columns.count
      let from = source + row * input[3]
      for column in columns.indices {
        let pair = columns[column]
        line[column] = pair.mix(from[pair.lower], from[pair.upper])
      }
      return line
    }
    for row in rows.indices {
      let pair = rows[row]
      let lower = line(pair.lower, keeping: pair.upper)
      let upper = line(pair.upper, keeping: pair.lower)
      let place = target + row * columns.count
      for column in columns.indices { place[column] = pair.mix(lower[column], upper[column]) }
    }
  }
}

extension ElementPair {
  /// The two elements mixed. Where the upper has no part nothing is computed with it.
  @inline(__always)
  fileprivate func mix(_ a: Float, _ b: Float) -> Float { upperWeight == 0 ? a : a + (b - a) * upperWeight }
}
