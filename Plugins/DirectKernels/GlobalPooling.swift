import LayerKernels
import MicroKernels

/// Pooling of whole planes to one number each, `[N, C, 1, 1]`, which goes out row-major: a dense layer's input.
///
/// Configuration: `input`, 0 for plane lists, 1 for row-major, whose planes lie one after the other.
public struct GlobalPooling: LayerKernel {
  /// `direct.pooling.global`
  public let identifier: KernelIdentifier = "direct.pooling.global"
  /// The first.
  public let version = 1
  private let set: MicroKernelSet

  /// The kernel on an instruction set.
  public init(_ set: MicroKernelSet) { self.set = set }

  /// One window that covers the plane, without padding.
  public func applicability(to problem: PoolingProblem) -> Applicability {
    problem.isGlobal ? .applies : .refused("needs one window as large as the plane, without padding")
  }

  /// A seventh: memory decides.
  public func expectedEfficiency(for problem: PoolingProblem) -> Double { 0.15 }

  /// One for each input layout.
  public func configurations(for problem: PoolingProblem) -> [KernelConfiguration] { [["input": 0], ["input": 1]] }

  /// The configuration's layout in, row-major out.
  public func layouts(for problem: PoolingProblem, configuration: KernelConfiguration) -> OperandLayouts {
    OperandLayouts(inputs: [configuration["input"] == 1 ? .rowMajor : .planeList], output: .rowMajor)
  }

  /// Lists the planes of a row-major input.
  ///
  /// - Throws: ``KernelError`` when the kernel does not apply or the configuration is none of its.
  public func prepare(
    _ problem: PoolingProblem, configuration: KernelConfiguration, parameters: NoParameters
  ) throws -> any PreparedKernel {
    if case .refused(let reason) = applicability(to: problem) {
      throw KernelError.notApplicable(kernel: identifier, problem: problem.key, reason: reason)
    }
    let isRowMajor = try configuration.value("input", in: 0...1, of: identifier) == 1
    let count = problem.input.height * problem.input.width
    return PreparedPlaneReduction(
      function: set.planes.reduction, lanes: set.planes.lanes,
      starts: isRowMajor ? (0..<problem.batch * problem.channels).map { Int32($0 * count) } : nil,
      planeCount: problem.batch * problem.channels, segments: [0], count: count,
      factor: 1 / Float(count), isMaximum: problem.reduction == .maximum)
  }
}

/// Sums or maxima of planes, or of any runs of elements, written side by side.
struct PreparedPlaneReduction: PreparedKernel {
  let function: MicroKernelFunction<PlaneReductionArguments>
  let lanes: Int
  /// Where the planes start; nil for the operand's plane list.
  let starts: [Int32]?
  let planeCount: Int
  /// Where the runs of a plane start, counted from its start.
  let segments: [Int32]
  /// The elements of a run.
  let count: Int
  let factor: Float
  let isMaximum: Bool
  private let tailMask: [Int32]

  init(
    function: MicroKernelFunction<PlaneReductionArguments>, lanes: Int, starts: [Int32]?, planeCount: Int,
    segments: [Int32], count: Int, factor: Float, isMaximum: Bool
  ) {
    self.function = function
    self.lanes = lanes
    self.starts = starts
    self.planeCount = planeCount
    self.segments = segments
    self.count = count
    self.factor = factor
    self.isMaximum = isMaximum
    tailMask = LaneMask.places(lanes: lanes, first: 0, limit: count % lanes)
  }

  func run(_ operands: LayerOperands, phase: Int, worker: Worker) {
    let share = worker.share(of: planeCount, granule: lanes)
    if share.isEmpty { return }
    segments.withUnsafeBufferPointer { segments in
      tailMask.withUnsafeBufferPointer { tailMask in
        guard let segments = segments.baseAddress, let tailMask = tailMask.baseAddress else { return }
        func reduce(_ planes: UnsafePointer<Int32>) {
          var arguments = PlaneReductionArguments(
            inputs: operands.input.base, planes: planes + share.lowerBound, planeCount: share.count,
            segments: segments, segmentCount: self.segments.count, count: count, tailMask: tailMask,
            outputs: operands.output.base + share.lowerBound, factor: factor, isMaximum: isMaximum)
          function(&arguments)
        }
        guard let starts else { return reduce(operands.input.planes) }
        starts.withUnsafeBufferPointer { starts in
          if let starts = starts.baseAddress { reduce(starts) }
        }
      }
    }
  }
}
