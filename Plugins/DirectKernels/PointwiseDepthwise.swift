import LayerKernels
import MicroKernels

/// A pointwise and a depthwise convolution, some channels at a time, so that the activation between them stays in a near
/// cache.
///
/// A depthwise convolution needs nothing of other channels: as soon as the product has made a plane, it can be convolved. The
/// planes between the two are a worker's own and used again for the next channels. Configuration: `m` rows and `n` vectors
/// of a tile; `outer` 0 for pixels outermost, 1 for panels of weights; `chunk`, the panels of channels at a time, 0 for all,
/// which is the two convolutions apart.
public struct PointwiseDepthwise: LayerKernel {
  /// `direct.pointwise-depthwise`
  public let identifier: KernelIdentifier = "direct.pointwise-depthwise"
  /// The third: the depthwise planes that it runs are of any window.
  public let version = 3
  private let set: MicroKernelSet

  /// The most elements of the planes between the two.
  private static let maximumWorkspaceElements = 1 << 27

  /// The kernel on an instruction set.
  public init(_ set: MicroKernelSet) { self.set = set }

  /// Where each of the two convolutions has a kernel on planes.
  public func applicability(to problem: PointwiseDepthwiseProblem) -> Applicability {
    if case .refused(let reason) = PointwisePixels(set).applicability(to: problem.pointwise) {
      return .refused("its first convolution \(reason)")
    }
    guard problem.depthwise.isDepthwise else { return .refused("its second convolution needs one output a channel") }
    if case .refused(let reason) = DepthwisePlanes(set).applicability(to: problem.depthwise) {
      return .refused("its second convolution \(reason)")
    }
    guard problem.pointwise.outputShape.elementCount / problem.pointwise.batch <= Self.maximumWorkspaceElements / 2
    else { return .refused("the activation between its convolutions is too large for the workspace") }
    return .applies
  }

  /// A little more than the pointwise convolution's, since nothing waits for memory.
  public func expectedEfficiency(for problem: PointwiseDepthwiseProblem) -> Double {
    PointwisePixels(set).expectedEfficiency(for: problem.pointwise)
  }

  /// The best tiles with chunks of several sizes: those whose planes take a part of the second cache first.
  public func configurations(for problem: PointwiseDepthwiseProblem) -> [KernelConfiguration] {
    let pixels = problem.pointwise.output.height * problem.pointwise.output.width
    let depth = problem.pointwise.inputChannels
    let choices = PixelProduct.Blocking.choices(
      set.pixelTiles, rows: problem.pointwise.outputChannels, depth: depth, pixelCount: pixels)
    var configurations: [KernelConfiguration] = []
    for blocking in choices.prefix(3) {
      let panels = PanelPlan(rows: problem.pointwise.outputChannels, limit: blocking.rows)
      for kilobytes in [512, 1024, 256] {
        let chunk = min(max(kilobytes * 256 / (pixels * panels.largeRows), 1), panels.count)
        for outer in depth < 40 ? [1, 0] : [0, 1] {
          let configuration: KernelConfiguration = [
            "m": blocking.rows, "n": blocking.vectors, "outer": outer, "chunk": chunk,
          ]
          if !configurations.contains(configuration) { configurations.append(configuration) }
        }
      }
      configurations.append(["m": blocking.rows, "n": blocking.vectors, "outer": depth < 40 ? 1 : 0, "chunk": 0])
    }
    return configurations
  }

  /// Plane lists.
  public func layouts(
    for problem: PointwiseDepthwiseProblem, configuration: KernelConfiguration
  ) -> OperandLayouts {
    OperandLayouts(all: .planeList, inputCount: 1)
  }

  /// Packs the weights of both.
  ///
  /// - Throws: ``KernelError`` when there is no such tile.
  public func prepare(
    _ problem: PointwiseDepthwiseProblem, configuration: KernelConfiguration, parameters: PointwiseDepthwiseParameters
  ) throws -> any PreparedKernel {
    if case .refused(let reason) = applicability(to: problem) {
      throw KernelError.notApplicable(kernel: identifier, problem: problem.key, reason: reason)
    }
    let vectors = try configuration.value("n", in: 1...PixelTileTable.maximumVectors, of: identifier)
    let blocking = PixelProduct.Blocking(
      rows: try configuration.value(
        "m", in: 1...max(set.pixelTiles.maximumRows(vectors: vectors), 1), of: identifier),
      vectors: vectors, panelsOuter: try configuration.value("outer", in: 0...1, of: identifier) == 1)
    let chunk = try configuration.value("chunk", in: 0...Int(Int32.max), of: identifier)
    guard
      let product = try PixelProduct.groups(of: problem.pointwise, parameters.pointwise, set.pixelTiles, blocking)?
        .first,
      let depthwise = try PlaneDepthwise(problem.depthwise, parameters.depthwise, set)
    else {
      throw KernelError.invalidConfiguration(
        kernel: identifier, configuration: configuration, reason: "there is no tile of that size here")
    }
    return PreparedPointwiseDepthwise(problem: problem, product: product, depthwise: depthwise, chunk: chunk)
  }
}

/// The kernel bound to its weights.
private struct PreparedPointwiseDepthwise: PreparedKernel {
  private let product: PixelProduct
  private let plan: PixelPlan
  private let depthwise: PlaneDepthwise
  private let batch: Int
  /// Panels at a time.
  private let chunk: Int
  /// Where the planes of a chunk lie in a worker's memory.
  private let offsets: [Int32]
  private let workerSize: Int

  init(problem: PointwiseDepthwiseProblem, product: PixelProduct, depthwise: PlaneDepthwise, chunk: Int) {
    self.product = product
    self.depthwise = depthwise
    batch = problem.pointwise.batch
    let pixels = problem.pointwise.output.height * problem.pointwise.output.width
    plan = product.plan(pixelCount: pixels)
    let chunk = chunk == 0 ? product.panels.count : min(chunk, product.panels.count)
    self.chunk = chunk
    let planes = chunk * product.panels.largeRows
    let plane = AlignedMemory.paddedCount(pixels)
    offsets = (0..<planes).map { Int32($0 * plane) }
    workerSize = planes * plane + AlignedMemory.elementAlignment
  }

  func workspaceSize(workers: Int) -> Int { workers * workerSize * MemoryLayout<Float>.stride }

  func run(_ operands: LayerOperands, phase: Int, worker: Worker) {
    let memory = operands.workspace.assumingMemoryBound(to: Float.self) + worker.index * workerSize
    let panels = product.panels
    // Workers share panels rather than chunks, which may be fewer than they are.
    let share = worker.share(of: batch * panels.count)
    offsets.withUnsafeBufferPointer { offsets in
      guard let offsets = offsets.baseAddress else { return }
      var item = share.lowerBound
      while item < share.upperBound {
        let image = item / panels.count
        let first = item % panels.count
        let end = min(first + chunk, panels.count, first + share.upperBound - item)
        let row = panels.firstRow(of: first)
        let rows = panels.firstRow(of: end) - row
        product.run(
          PixelProduct.Operands(
            inputs: operands.input.base, inputOffsets: operands.input.planes + image * product.depth,
            outputs: memory, outputOffsets: offsets - row),
          plan, groups: 0..<plan.groups.count, panels: first..<end)
        let plane = image * panels.rows + row
        depthwise.run(
          inputs: memory, inputPlanes: offsets - plane, operands.output, planes: plane..<plane + rows,
          rows: 0..<depthwise.outputHeight, residual: nil)
        item += end - first
      }
    }
  }
}
