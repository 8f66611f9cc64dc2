import LayerKernels
import MicroKernels

/// The mean over some axes of a row-major tensor.
///
/// Where the last axis is reduced, each result is the sum of runs of elements; where it is kept, rows are added up.
public struct Mean: LayerKernel {
  /// `direct.mean`
  public let identifier: KernelIdentifier = "direct.mean"
  /// The first.
  public let version = 1
  private let set: MicroKernelSet

  /// The kernel on an instruction set.
  public init(_ set: MicroKernelSet) { self.set = set }

  /// Sums that 32 bits hold to the tolerance of an exact kernel.
  public func applicability(to problem: ReductionProblem) -> Applicability {
    let count = problem.inputShape.elementCount / max(problem.outputShape.elementCount, 1)
    return count <= 1 << 16 ? .applies : .refused("sums of \(count) elements need more than 32 bits")
  }

  /// A tenth: memory decides.
  public func expectedEfficiency(for problem: ReductionProblem) -> Double { 0.1 }

  /// Lists the runs that belong to each result.
  ///
  /// - Throws: ``KernelError`` when the kernel does not apply.
  public func prepare(
    _ problem: ReductionProblem, configuration: KernelConfiguration, parameters: NoParameters
  ) throws -> any PreparedKernel {
    if case .refused(let reason) = applicability(to: problem) {
      throw KernelError.notApplicable(kernel: identifier, problem: problem.key, reason: reason)
    }
    var axes = MergedAxes(problem)
    let count = problem.inputShape.elementCount / problem.outputShape.elementCount
    let factor = 1 / Float(count)
    guard let last = axes.popLast() else {
      // A single element: its own mean.
      return PreparedRowMean(function: set.planes.elementwise, starts: [0], rows: [0], length: 1, factor: 1)
    }
    let kept = MergedAxes.offsets(axes.kept)
    let reduced = MergedAxes.offsets(axes.reduced)
    if last.isReduced {
      return PreparedPlaneReduction(
        function: set.planes.reduction, lanes: set.planes.lanes, starts: kept, planeCount: kept.count,
        segments: reduced,
        count: last.size, factor: factor, isMaximum: false)
    }
    return PreparedRowMean(
      function: set.planes.elementwise, starts: kept, rows: reduced, length: last.size, factor: factor)
  }
}

/// The axes of a tensor, neighbours of the same kind made one, those of size one left out.
private struct MergedAxes {
  struct Axis {
    let size: Int
    let stride: Int
    let isReduced: Bool
  }

  private var axes: [Axis] = []

  init(_ problem: ReductionProblem) {
    let shape = problem.inputShape
    for (axis, stride) in shape.strides.enumerated() where shape[axis] > 1 {
      let isReduced = problem.axes.contains(axis)
      if let last = axes.last, last.isReduced == isReduced {
        axes[axes.count - 1] = Axis(size: last.size * shape[axis], stride: stride, isReduced: isReduced)
      } else {
        axes.append(Axis(size: shape[axis], stride: stride, isReduced: isReduced))
      }
    }
  }

  mutating func popLast() -> Axis? { axes.popLast() }
  var kept: [Axis] { axes.filter { !$0.isReduced } }
  var reduced: [Axis] { axes.filter(\.isReduced) }

  /// The offset of each index of the axes, the last moving fastest.
  static func offsets(_ axes: [Axis]) -> [Int32] {
    axes.reduce([0]) { offsets, axis in
      offsets.flatMap { offset in (0..<axis.size).map { offset + Int32($0 * axis.stride) } }
    }
  }
}

/// Means of rows: `output[k][i] = factor · Σ_r input[starts[k] + rows[r] + i]`.
private struct PreparedRowMean: PreparedKernel {
  let function: MicroKernelFunction<ElementwiseRowArguments>
  let starts: [Int32]
  let rows: [Int32]
  let length: Int
  let factor: Float

  /// The elements of a row that are summed at a time, so that they stay in the first cache.
  private static let part = 1024

  func run(_ operands: LayerOperands, phase: Int, worker: Worker) {
    let parts = (length + Self.part - 1) / Self.part
    withUnsafePointer(to: factor) { factor in
      for item in worker.share(of: starts.count * parts) {
        let first = item % parts * Self.part
        let count = min(Self.part, length - first)
        let target = operands.output.base + item / parts * length + first
        let source = UnsafePointer(operands.input.base + Int(starts[item / parts]) + first)
        target.update(from: source + Int(rows[0]), count: count)
        for row in rows.dropFirst() {
          var sum = ElementwiseRowArguments(
            .add, UnsafePointer(target), source + Int(row), target: target, count: count)
          function(&sum)
        }
        var mean = ElementwiseRowArguments(
          .multiply, factor, step: 0, UnsafePointer(target), target: target, count: count)
        function(&mean)
      }
    }
  }
}
