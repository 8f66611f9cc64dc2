import LayerKernels
import MicroKernels

/// The sum of two activations of bytes, as bytes.
public struct ByteSum: LayerKernel {
  /// `direct.sum.bytes`
  public let identifier: KernelIdentifier = "direct.sum.bytes"
  /// The first.
  public let version = 1
  private let set: MicroKernelSet

  /// The kernel on an instruction set.
  public init(_ set: MicroKernelSet) { self.set = set }

  /// Sums of images of one shape that are whole multiples of steps, rounded to steps.
  public func applicability(to problem: ElementwiseProblem) -> Applicability {
    guard case .binary(.add, _) = problem.function, problem.outputShape.rank == 4,
      problem.inputShapes.allSatisfy({ $0 == problem.outputShape })
    else { return .refused("needs a sum of two images of one shape") }
    let operands = [problem.quantisation(ofInput: 0), problem.quantisation(ofInput: 1), problem.outputQuantisation]
    guard operands.allSatisfy({ $0?.fitsByte == true }) else {
      return .refused("needs inputs and outputs that are rounded to steps, at most 256 of them")
    }
    return .applies
  }

  /// Twice that of floats: memory decides, and there is a quarter of it.
  public func expectedEfficiency(for problem: ElementwiseProblem) -> Double { 0.1 }

  /// Bytes.
  public func layouts(for problem: ElementwiseProblem, configuration: KernelConfiguration) -> OperandLayouts {
    OperandLayouts(all: .bytes, inputCount: problem.inputShapes.count)
  }

  /// Nothing to pack.
  ///
  /// - Throws: ``KernelError/notApplicable(kernel:problem:reason:)``
  public func prepare(
    _ problem: ElementwiseProblem, configuration: KernelConfiguration, parameters: NoParameters
  ) throws -> any PreparedKernel {
    if case .refused(let reason) = applicability(to: problem) {
      throw KernelError.notApplicable(kernel: identifier, problem: problem.key, reason: reason)
    }
    guard let left = problem.quantisation(ofInput: 0), let right = problem.quantisation(ofInput: 1),
      let output = problem.outputQuantisation
    else { throw KernelError.notApplicable(kernel: identifier, problem: problem.key, reason: "there are no steps") }
    return PreparedByteSum(
      left: left, right: right, output: output, count: problem.outputShape.elementCount, function: set.bytes.sum)
  }
}

private struct PreparedByteSum: PreparedKernel {
  let left: Quantisation
  let right: Quantisation
  let output: Quantisation
  let count: Int
  let function: MicroKernelFunction<ByteSumArguments>

  func run(_ operands: LayerOperands, phase: Int, worker: Worker) {
    let share = worker.share(of: count, granule: AlignedMemory.alignment)
    var arguments = ByteSumArguments(
      left: operands.inputs[0].bytes + share.lowerBound, right: operands.inputs[1].bytes + share.lowerBound,
      target: operands.output.bytes + share.lowerBound, count: share.count, leftZero: Float(left.zeroPoint),
      rightZero: Float(right.zeroPoint), zero: Float(output.zeroPoint), leftFactor: left.step / output.step,
      rightFactor: right.step / output.step, lower: output.lower, upper: output.upper)
    function(&arguments)
  }
}
