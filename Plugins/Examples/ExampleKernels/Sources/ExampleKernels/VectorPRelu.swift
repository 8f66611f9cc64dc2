import Luthier

/// PReLU of 16 elements at a time over lists of planes.
public struct VectorPRelu: LayerKernel {
  /// `example.prelu`
  public let identifier: KernelIdentifier = "example.prelu"
  /// The first.
  public let version = 1

  /// The kernel.
  public init() {}

  /// Always.
  public func applicability(to problem: PReluProblem) -> Applicability { .applies }

  /// Lists of planes, whose slack spares the kernel a tail.
  public func layouts(for problem: PReluProblem, configuration: KernelConfiguration) -> OperandLayouts {
    OperandLayouts(all: .planeList, inputCount: 1)
  }

  /// Copies the slopes.
  public func prepare(
    _ problem: PReluProblem, configuration: KernelConfiguration, parameters: PReluParameters
  ) throws -> any PreparedKernel {
    let shape = problem.outputShape
    return Prepared(planes: shape[0] * shape[1], pixels: shape[2] * shape[3], slopes: parameters.slopes)
  }

  private struct Prepared: PreparedKernel {
    let planes: Int
    let pixels: Int
    let slopes: [Float]

    func run(_ operands: LayerOperands, phase: Int, worker: Worker) {
      for plane in worker.share(of: planes) {
        let source = UnsafeRawPointer(operands.input.plane(plane))
        let target = UnsafeMutableRawPointer(operands.output.plane(plane))
        let slope = slopes[plane % slopes.count]
        // Planes begin on 64-byte boundaries, and what fills them up to the next one may be read and written.
        for offset in stride(from: 0, to: pixels * MemoryLayout<Float>.stride, by: AlignedMemory.alignment) {
          let x = source.load(fromByteOffset: offset, as: SIMD16<Float>.self)
          target.storeBytes(
            of: x.replacing(with: x * slope, where: x .< 0), toByteOffset: offset, as: SIMD16<Float>.self)
        }
      }
    }
  }
}
