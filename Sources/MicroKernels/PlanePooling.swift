public import LayerKernels

/// A pooling from planes to planes bound to its sizes: what the pooling of a layer and that after a convolution have in common.
public struct PlanePooling: Sendable {
  /// What is pooled.
  public let problem: PoolingProblem
  /// Elements of scratch memory of a run.
  public let scratchCount: Int
  private let geometry: PoolingGeometry
  private let function: MicroKernelFunction<PoolingPlanesArguments>
  private let columnFactors: [Float]
  private let rowFactors: [Float]
  private let tailMask: [Int32]
  /// The masks of a pooling of three columns that are two apart; empty for another.
  private let tripleMasks: [Int32]

  /// Why a pooling's rows cannot be worked on: padding and dilation from a file may be of any size; nil when they can.
  public static func refusal(of problem: PoolingProblem, _ set: MicroKernelSet) -> String? {
    PoolingGeometry(problem).scratchCount(lanes: set.planes.lanes) <= 1 << 24
      ? nil : "rows of \(problem.input.width) are too long"
  }

  /// Counts the elements of the windows.
  ///
  /// - Parameter inputPitch: elements from an input row to the next one; nil for as many as there are columns.
  public init(_ problem: PoolingProblem, _ set: MicroKernelSet, inputPitch: Int? = nil) {
    self.problem = problem
    var geometry = PoolingGeometry(problem)
    if let inputPitch { geometry.inputPitch = inputPitch }
    self.geometry = geometry
    scratchCount = geometry.scratchCount(lanes: set.planes.lanes)
    function = set.planes.poolPlanes
    let factors = WindowFactors(problem)
    columnFactors = factors.columns + [Float](repeating: 0, count: set.planes.lanes)
    rowFactors = factors.rows
    tailMask = LaneMask.places(lanes: set.planes.lanes, first: 0, limit: problem.input.width % set.planes.lanes)
    tripleMasks = TripleColumns.apply(to: geometry) ? TripleColumns.masks(geometry, lanes: set.planes.lanes) : []
  }

  /// The input rows that some output rows' windows see; none where they see padding alone.
  public func inputRows(of rows: Range<Int>) -> Range<Int> {
    let window = problem.window
    let first = max(rows.lowerBound * window.stride.height - window.pads.top, 0)
    let last = (rows.upperBound - 1) * window.stride.height - window.pads.top
    let end = min(last + (window.kernel.height - 1) * window.dilation.height + 1, problem.input.height)
    return first..<max(first, end)
  }

  /// Pools some output rows of some of the planes, which `inputPlanes` and the output count alike.
  ///
  /// Such rows are all rows of lower planes, which start further down.
  ///
  /// - Parameters:
  ///   - inputs: what `inputPlanes` count from.
  ///   - inputPlanes: an element offset for each plane.
  ///   - firstInputRow: the row of the input with which these planes begin: no more than the first that is seen.
  ///   - output: plane lists.
  ///   - planes: counted over all images.
  ///   - rows: of the output.
  ///   - scratch: ``scratchCount`` elements.
  public func run(
    inputs: UnsafePointer<Float>, inputPlanes: UnsafePointer<Int32>, firstInputRow: Int = 0, _ output: TensorOperand,
    planes: Range<Int>, rows: Range<Int>, scratch: UnsafeMutablePointer<Float>
  ) {
    if planes.isEmpty || rows.isEmpty { return }
    let top = rows.lowerBound * geometry.strideHeight - geometry.paddingTop
    let start = rows.lowerBound * geometry.outputWidth
    var part = geometry
    part.inputHeight = max(geometry.inputHeight - max(top, 0), 0)
    part.paddingTop = max(-top, 0)
    part.outputHeight = rows.count
    // After the last row there is slack, after the others there are other workers' rows.
    part.capacity =
      rows.upperBound == geometry.outputHeight ? geometry.capacity - start : rows.count * geometry.outputWidth
    columnFactors.withUnsafeBufferPointer { columnFactors in
      rowFactors.withUnsafeBufferPointer { rowFactors in
        tailMask.withUnsafeBufferPointer { tailMask in
          tripleMasks.withUnsafeBufferPointer { triples in
            guard let columnFactors = columnFactors.baseAddress, let rowFactors = rowFactors.baseAddress,
              let tailMask = tailMask.baseAddress
            else { return }
            var arguments = PoolingPlanesArguments(
              inputs: inputs + (max(top, 0) - firstInputRow) * geometry.inputPitch, inputPlanes: inputPlanes,
              outputs: output.base + start, outputPlanes: output.planes, firstPlane: planes.lowerBound,
              planeCount: planes.count, geometry: part, columnFactors: columnFactors,
              rowFactors: rowFactors + rows.lowerBound, tailMask: tailMask,
              tripleMasks: triples.isEmpty ? nil : triples.baseAddress, scratch: scratch,
              isMaximum: problem.reduction == .maximum)
            function(&arguments)
          }
        }
      }
    }
  }
}

extension PoolingGeometry {
  /// A pooling's sizes.
  public init(_ problem: PoolingProblem) {
    self.init()
    let window = problem.window
    inputHeight = problem.input.height
    inputWidth = problem.input.width
    inputPitch = inputWidth
    outputHeight = problem.output.height
    outputWidth = problem.output.width
    kernelHeight = window.kernel.height
    kernelWidth = window.kernel.width
    strideHeight = window.stride.height
    strideWidth = window.stride.width
    dilationHeight = window.dilation.height
    dilationWidth = window.dilation.width
    paddingTop = window.pads.top
    paddingLeft = window.pads.left
    capacity = AlignedMemory.paddedCount(outputHeight * outputWidth)
  }
}
