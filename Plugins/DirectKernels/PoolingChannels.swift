import LayerKernels
import MicroKernels

/// Pooling from channels-last to channels-last, channels along the lanes.
public struct PoolingChannels: LayerKernel {
  /// `direct.pooling.channels`
  public let identifier: KernelIdentifier = "direct.pooling.channels"
  /// The first.
  public let version = 1
  private let set: MicroKernelSet

  /// The kernel on an instruction set.
  public init(_ set: MicroKernelSet) { self.set = set }

  /// The most elements of a window, each of which is listed for each worker.
  private static let maximumListCount = 1 << 22

  /// Unless the list of a window's pixels is too long.
  public func applicability(to problem: PoolingProblem) -> Applicability {
    let count = problem.window.kernel.height * problem.window.kernel.width
    return count <= Self.maximumListCount ? .applies : .refused("windows of \(count) elements are too large to list")
  }

  /// Less than with planes, unless the rows are shorter than the channels.
  public func expectedEfficiency(for problem: PoolingProblem) -> Double { 0.05 }

  /// Channels last.
  public func layouts(for problem: PoolingProblem, configuration: KernelConfiguration) -> OperandLayouts {
    OperandLayouts(all: .channelsLast)
  }

  /// Counts the elements of the windows.
  ///
  /// - Throws: ``KernelError`` when the kernel does not apply.
  public func prepare(
    _ problem: PoolingProblem, configuration: KernelConfiguration, parameters: NoParameters
  ) throws -> any PreparedKernel {
    if case .refused(let reason) = applicability(to: problem) {
      throw KernelError.notApplicable(kernel: identifier, problem: problem.key, reason: reason)
    }
    let factors = WindowFactors(problem)
    return PreparedPoolingChannels(
      problem: problem, function: set.planes.poolPixels, rowFactors: factors.rows, columnFactors: factors.columns)
  }
}

/// The kernel bound to its sizes.
private struct PreparedPoolingChannels: PreparedKernel {
  let problem: PoolingProblem
  let function: MicroKernelFunction<PoolingPixelsArguments>
  let rowFactors: [Float]
  let columnFactors: [Float]

  private var isMaximum: Bool { problem.reduction == .maximum }

  /// A list of a window's pixels for each worker.
  private var listCount: Int { problem.window.kernel.height * problem.window.kernel.width }

  func workspaceSize(workers: Int) -> Int { workers * listCount * MemoryLayout<UnsafePointer<Float>>.stride }

  func run(_ operands: LayerOperands, phase: Int, worker: Worker) {
    let list =
      operands.workspace.assumingMemoryBound(to: UnsafePointer<Float>.self) + worker.index * listCount
    let (rows, columns, channels) = (problem.output.height, problem.output.width, problem.channels)
    for item in worker.share(of: problem.batch * rows) {
      let row = item % rows
      let picture = operands.input.base + item / rows * problem.input.height * problem.input.width * channels
      for column in 0..<columns {
        let count = collect(UnsafePointer(picture), row: row, column: column, into: list)
        let output = operands.output.base + (item * columns + column) * channels
        if count == 0 {
          output.update(repeating: isMaximum ? -.infinity : 0, count: channels)
          continue
        }
        var arguments = PoolingPixelsArguments(
          pixels: list, pixelCount: count, output: output, channels: channels,
          factor: rowFactors[row] * columnFactors[column], isMaximum: isMaximum)
        function(&arguments)
      }
    }
  }

  /// Lists the pixels of a window that lie in the image.
  private func collect(
    _ picture: UnsafePointer<Float>, row: Int, column: Int, into list: UnsafeMutablePointer<UnsafePointer<Float>>
  ) -> Int {
    let window = problem.window
    var count = 0
    for r in 0..<window.kernel.height {
      let y = row * window.stride.height + r * window.dilation.height - window.pads.top
      guard 0..<problem.input.height ~= y else { continue }
      for s in 0..<window.kernel.width {
        let x = column * window.stride.width + s * window.dilation.width - window.pads.left
        guard 0..<problem.input.width ~= x else { continue }
        (list + count).initialize(to: picture + (y * problem.input.width + x) * problem.channels)
        count += 1
      }
    }
    return count
  }
}
