import Luthier

/// Depthwise 5×5 convolution of stride 1 that keeps the plane's size, as MobileNetV3 has it.
///
/// Each plane is copied into the workspace with two zeros around it, so that no tap needs a test; then every output vector is
/// 25 products of vectors of the copy.
///
/// Configuration: `lanes`, how many neighbouring outputs are one vector: 4, 8 or 16.
public struct DepthwiseFiveByFive: LayerKernel {
  /// `example.depthwise5x5`
  public let identifier: KernelIdentifier = "example.depthwise5x5"
  /// The first.
  public let version = 1

  private static let lanes = [8, 16, 4]

  /// The kernel.
  public init() {}

  /// Depthwise 5×5 of stride 1 with two elements of padding, followed by no more than a bias and a ReLU.
  public func applicability(to problem: ConvolutionProblem) -> Applicability {
    let expected = try? WindowGeometry(kernel: .init(5), pads: .init(2))
    if !problem.isDepthwise { return .refused("is not depthwise") }
    if problem.window != expected { return .refused("needs a 5x5 window of stride 1 with 2 elements of padding") }
    if problem.epilogue.hasResidual { return .refused("adds no residual") }
    guard [.identity, .relu].contains(problem.epilogue.activation) else {
      return .refused("has no \(problem.epilogue.activation); it knows ReLU alone")
    }
    return .applies
  }

  /// Less than Luthier's own kernels, which keep several rows in registers.
  public func expectedEfficiency(for problem: ConvolutionProblem) -> Double { 0.1 }

  /// One for each number of lanes.
  public func configurations(for problem: ConvolutionProblem) -> [KernelConfiguration] {
    Self.lanes.map { ["lanes": $0] }
  }

  /// Lists of planes: a plane is the unit of work.
  public func layouts(for problem: ConvolutionProblem, configuration: KernelConfiguration) -> OperandLayouts {
    OperandLayouts(all: .planeList, inputCount: problem.inputShapes.count)
  }

  /// Copies the filter and the bias.
  ///
  /// - Throws: `KernelError` when the configuration has another number of lanes.
  public func prepare(
    _ problem: ConvolutionProblem, configuration: KernelConfiguration, parameters: ConvolutionParameters
  ) throws -> any PreparedKernel {
    switch try configuration.value("lanes", in: Self.lanes, of: identifier) {
    case 4: try Prepared<SIMD4<Float>>(problem, parameters)
    case 8: try Prepared<SIMD8<Float>>(problem, parameters)
    default: try Prepared<SIMD16<Float>>(problem, parameters)
    }
  }
}

private struct Prepared<Vector: SIMD>: PreparedKernel where Vector.Scalar == Float {
  private let channels: Int
  private let planes: Int
  private let height: Int
  private let width: Int
  /// What an output is at least: 0 after a ReLU.
  private let lowerBound: Float
  /// 25 numbers a channel.
  private let filter: PackedWeights
  /// One number a channel.
  private let bias: PackedWeights
  /// Elements between the rows of the padded copy: whole vectors, and one more that the last taps reach into.
  private let stride: Int

  private static var size: Int { 5 }
  private static var padding: Int { 2 }

  init(_ problem: ConvolutionProblem, _ parameters: ConvolutionParameters) throws {
    channels = problem.inputChannels
    planes = problem.batch * channels
    (height, width) = (problem.input.height, problem.input.width)
    lowerBound = problem.epilogue.activation == .relu ? 0 : -.infinity
    filter = try PackedWeights(count: channels * Self.size * Self.size) { weights in
      for (index, weight) in parameters.filter.elements.enumerated() { weights[index] = weight }
    }
    bias = try PackedWeights(count: channels) { weights in
      for (index, value) in (parameters.bias ?? []).enumerated() { weights[index] = value }
    }
    let lanes = Vector.scalarCount
    stride = (width + lanes - 1) / lanes * lanes + lanes
  }

  /// One padded plane.
  private var copyCount: Int { AlignedMemory.paddedCount((height + 2 * Self.padding) * stride) }

  func workspaceSize(workers: Int) -> Int { workers * copyCount * MemoryLayout<Float>.stride }

  func run(_ operands: LayerOperands, phase: Int, worker: Worker) {
    let copy = operands.workspace.assumingMemoryBound(to: Float.self) + worker.index * copyCount
    // Once a run: rows are written over by each plane, the zeros around them never.
    copy.update(repeating: 0, count: copyCount)
    for plane in worker.share(of: planes) {
      let source = operands.input.plane(plane)
      for row in 0..<height {
        (copy + (row + Self.padding) * stride + Self.padding).update(from: source + row * width, count: width)
      }
      convolve(copy, to: operands.output.plane(plane), channel: plane % channels)
    }
  }

  private func convolve(_ copy: UnsafePointer<Float>, to target: UnsafeMutablePointer<Float>, channel: Int) {
    let weights = filter.start + channel * Self.size * Self.size
    for row in 0..<height {
      for column in Swift.stride(from: 0, to: width, by: Vector.scalarCount) {
        var sum = Vector(repeating: bias.start[channel])
        for r in 0..<Self.size {
          let taps = UnsafeRawPointer(copy + (row + r) * stride + column)
          for s in 0..<Self.size {
            // Not addProduct: without FMA in the target's flags it is a call for every lane.
            sum +=
              taps.loadUnaligned(fromByteOffset: s * MemoryLayout<Float>.stride, as: Vector.self)
              * weights[r * Self.size + s]
          }
        }
        // NaN is no less than the bound, so it stays.
        sum.replace(with: lowerBound, where: sum .< lowerBound)
        store(sum, to: target + row * width + column, count: width - column)
      }
    }
  }

  /// Stores the lanes that lie in the row: what follows belongs to the next one.
  private func store(_ vector: Vector, to target: UnsafeMutablePointer<Float>, count: Int) {
    if count >= Vector.scalarCount {
      UnsafeMutableRawPointer(target).storeBytes(of: vector, as: Vector.self)
    } else {
      for lane in 0..<count { target[lane] = vector[lane] }
    }
  }
}
