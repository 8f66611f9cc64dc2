import LayerKernels
import MicroKernels

/// Boxes of elements moved between dense tensors: runs by `memcpy`, transpositions in registers, anything else one by one.
public struct Rearrangement: LayerKernel {
  /// `direct.rearrangement`
  public let identifier: KernelIdentifier = "direct.rearrangement"
  /// The first.
  public let version = 1
  private let set: MicroKernelSet

  /// The kernel on an instruction set.
  public init(_ set: MicroKernelSet) { self.set = set }

  /// Always.
  public func applicability(to problem: RearrangementProblem) -> Applicability { .applies }

  /// There is no arithmetic; better than the reference.
  public func expectedEfficiency(for problem: RearrangementProblem) -> Double { 0.5 }

  /// No bit changes.
  public func errorClass(for problem: RearrangementProblem, configuration: KernelConfiguration) -> ErrorClass {
    .exact(tolerance: 0)
  }

  /// Merges the boxes' axes and finds out how their innermost ones are moved.
  public func prepare(
    _ problem: RearrangementProblem, configuration: KernelConfiguration, parameters: NoParameters
  ) throws -> any PreparedKernel {
    let boxes = problem.copies.compactMap(StridedBox.init)
    let written = boxes.reduce(0) { $0 + $1.elementCount }
    // One box that writes each element once, or boxes that together just fill the output, never meet.
    let areApart =
      boxes.allSatisfy(\.writesEachOnce)
      && (boxes.count <= 1 || problem.fill == nil && written == problem.outputShape.elementCount)
    return PreparedRearrangement(
      boxes: boxes, fill: problem.fill, outputCount: problem.outputShape.elementCount, areApart: areApart,
      transpose: set.planes.transpose)
  }
}

private struct PreparedRearrangement: PreparedKernel {
  let boxes: [StridedBox]
  let fill: Float?
  let outputCount: Int
  /// Whether no two boxes write one element, so that threads may share them; else their order counts.
  let areApart: Bool
  let transpose: MicroKernelFunction<TransposeArguments>

  var phaseCount: Int { fill == nil ? 1 : 2 }

  func run(_ operands: LayerOperands, phase: Int, worker: Worker) {
    if let fill, phase == 0 {
      let share = worker.share(of: outputCount, granule: AlignedMemory.elementAlignment)
      (operands.output.base + share.lowerBound).update(repeating: fill, count: share.count)
      return
    }
    guard areApart || worker.index == 0 else { return }
    let sharing = areApart ? worker : .alone
    if boxes.count >= 4 * sharing.count {
      for index in sharing.share(of: boxes.count) { move(boxes[index], operands, 0..<boxes[index].outerCount) }
    } else {
      for box in boxes { move(box, operands, sharing.share(of: box.outerCount)) }
    }
  }

  private func move(_ box: StridedBox, _ operands: LayerOperands, _ outer: Range<Int>) {
    for index in outer {
      let (from, to) = box.offsets(ofOuter: index)
      let source = UnsafePointer(operands.inputs[box.input].base + from)
      let target = operands.output.base + to
      switch box.form {
      case .run: target.update(from: source, count: box.inner.size)
      case .transposition:
        var arguments = TransposeArguments(
          source: source, sourceStride: box.inner.inputStride, target: target, targetStride: box.across.outputStride,
          rows: box.inner.size, columns: box.across.size)
        transpose(&arguments)
      case .elements:
        let (inputStride, outputStride) = (box.inner.inputStride, box.inner.outputStride)
        for element in 0..<box.inner.size { target[element &* outputStride] = source[element &* inputStride] }
      }
    }
  }
}
