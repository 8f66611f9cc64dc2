import LayerKernels
import MicroKernels

/// Normalization of lines, a line at a time while it is near.
///
/// Configuration, where a line is a group of planes: `planes`, 1 for plane lists, 0 for row-major.
public struct Normalization: LayerKernel {
  /// `direct.normalization`
  public let identifier: KernelIdentifier = "direct.normalization"
  /// The first.
  public let version = 1
  private let set: MicroKernelSet

  /// The kernel on an instruction set.
  public init(_ set: MicroKernelSet) { self.set = set }

  /// Always.
  public func applicability(to problem: NormalizationProblem) -> Applicability { .applies }

  /// A seventh: memory decides.
  public func expectedEfficiency(for problem: NormalizationProblem) -> Double { 0.15 }

  /// One for each layout.
  public func configurations(for problem: NormalizationProblem) -> [KernelConfiguration] {
    Self.hasPlanes(problem) ? [["planes": 1], ["planes": 0]] : [KernelConfiguration()]
  }

  /// The configuration's layout in and out.
  public func layouts(for problem: NormalizationProblem, configuration: KernelConfiguration) -> OperandLayouts {
    OperandLayouts(all: configuration["planes"] == 1 ? .planeList : .rowMajor, inputCount: 1)
  }

  private static func hasPlanes(_ problem: NormalizationProblem) -> Bool {
    if case .channelGroups = problem.lines { problem.outputShape.rank == 4 } else { false }
  }

  /// Copies the parameters, those of channels once for each image.
  ///
  /// - Throws: ``KernelError`` when the configuration is none of this kernel's.
  public func prepare(
    _ problem: NormalizationProblem, configuration: KernelConfiguration, parameters: NormalizationParameters
  ) throws -> any PreparedKernel {
    let hasLists =
      Self.hasPlanes(problem) ? try configuration.value("planes", in: 0...1, of: identifier) == 1 : false
    let (count, groups, length, inner) = problem.extents
    let areByRun: Bool
    if case .channelGroups = problem.lines { areByRun = true } else { areByRun = false }
    let runs = areByRun ? length / inner : 1
    let planes = areByRun ? count * runs : 0
    return PreparedNormalization(
      function: set.planes.normalization, statistic: NormalizationArguments.Statistic(problem.statistic),
      epsilon: problem.epsilon, lineCount: count, groups: groups, runCount: runs, count: areByRun ? inner : length,
      starts: areByRun && !hasLists ? (0..<planes).map { Int32($0 * inner) } : nil, hasLists: hasLists,
      areByRun: areByRun, scale: try parameters.scale.map { try PackedWeights(copying: $0) },
      bias: try parameters.bias.map { try PackedWeights(copying: $0) })
  }
}

private struct PreparedNormalization: PreparedKernel {
  let function: MicroKernelFunction<NormalizationArguments>
  let statistic: NormalizationArguments.Statistic
  let epsilon: Float
  let lineCount: Int
  let groups: Int
  let runCount: Int
  /// The elements of a run.
  let count: Int
  /// Where the planes of a row-major tensor start.
  let starts: [Int32]?
  let hasLists: Bool
  let areByRun: Bool
  let scale: PackedWeights?
  let bias: PackedWeights?

  func run(_ operands: LayerOperands, phase: Int, worker: Worker) {
    let share = worker.share(of: lineCount)
    if share.isEmpty { return }
    guard areByRun else {
      var arguments = NormalizationArguments(
        statistic, epsilon: epsilon, source: operands.input.base + share.lowerBound * count,
        target: operands.output.base + share.lowerBound * count, lineCount: share.count, count: count)
      arguments.scale = scale?.start
      arguments.bias = bias?.start
      function(&arguments)
      return
    }
    guard let starts else {
      return run(operands, share, source: operands.input.planes, target: operands.output.planes)
    }
    starts.withUnsafeBufferPointer { starts in
      if let starts = starts.baseAddress { run(operands, share, source: starts, target: starts) }
    }
  }

  /// Normalizes groups of planes, those of one image at a time, which the parameters are for.
  private func run(
    _ operands: LayerOperands, _ share: Range<Int>, source: UnsafePointer<Int32>, target: UnsafePointer<Int32>
  ) {
    var first = share.lowerBound
    while first < share.upperBound {
      let group = first % groups
      let end = min(share.upperBound, first - group + groups)
      var arguments = NormalizationArguments(
        statistic, epsilon: epsilon, source: operands.input.base, target: operands.output.base, lineCount: end - first,
        count: count)
      arguments.runCount = runCount
      arguments.areByRun = true
      arguments.sourceRuns = source + first * runCount
      arguments.targetRuns = target + first * runCount
      arguments.scale = scale.map { $0.start + group * runCount }
      arguments.bias = bias.map { $0.start + group * runCount }
      function(&arguments)
      first = end
    }
  }
}

extension PackedWeights {
  /// A block of the given numbers.
  convenience init(copying numbers: [Float]) throws {
    try self.init(count: numbers.count) { block in
      for index in numbers.indices { block[index] = numbers[index] }
    }
  }
}
