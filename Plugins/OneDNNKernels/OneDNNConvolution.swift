#if OneDNN
  import LayerKernels
  import MicroKernels

  /// Convolution by oneDNN, in one primitive or in pieces that threads share.
  ///
  /// Every problem is accepted: oneDNN has an implementation for any window, stride, dilation, padding and number of groups.
  /// Configuration: `layout`, 0 channels last, 1 row-major, both as they are, 2 row-major outside and inside what oneDNN
  /// chooses, reordered in each run; `pieces`, the parts that are cut, of rows or, row-major, of output channels: no more
  /// threads than pieces and images take part.
  struct OneDNNConvolution: LayerKernel {
    let identifier: KernelIdentifier = "onednn.convolution"
    let version = OneDNN.library.kernelVersion(revision: 1)
    private let set: MicroKernelSet

    init(_ set: MicroKernelSet) { self.set = set }

    func applicability(to problem: ConvolutionProblem) -> Applicability { .applies }

    /// Less than Luthier's own kernels, which do not convert plane lists: untuned, only the reference gives way to it.
    func expectedEfficiency(for problem: ConvolutionProblem) -> Double { 0.002 }

    func configurations(for problem: ConvolutionProblem) -> [KernelConfiguration] {
      let byRows = [1, 2, 4].filter { $0 <= problem.output.height }
      let units = problem.groups == 1 ? problem.outputChannels : problem.groups
      return byRows.map { ["layout": 0, "pieces": $0] } + byRows.prefix(2).map { ["layout": 2, "pieces": $0] }
        // Depthwise on planes is a loop of products in oneDNN, ten times slower than anything else.
        + (problem.isDepthwise ? [] : [1, 2].filter { $0 <= units }.map { ["layout": 1, "pieces": $0] })
    }

    func layouts(for problem: ConvolutionProblem, configuration: KernelConfiguration) -> OperandLayouts {
      OperandLayouts(
        all: configuration["layout"] == 0 ? .channelsLast : .rowMajor, inputCount: problem.inputShapes.count)
    }

    func prepare(
      _ problem: ConvolutionProblem, configuration: KernelConfiguration, parameters: ConvolutionParameters
    ) throws -> any PreparedKernel {
      let layout = try configuration.value("layout", in: 0...2, of: identifier)
      let pieces = try configuration.value("pieces", in: 1...256, of: identifier)
      do throws(OneDNNError) {
        return try PreparedOneDNNConvolution(
          problem, ConvolutionPiece.Layout.allCases[layout], pieces: pieces, parameters, set)
      } catch {
        throw KernelError.invalidConfiguration(
          kernel: identifier, configuration: configuration, reason: error.description)
      }
    }
  }

  /// The kernel bound to its weights.
  private struct PreparedOneDNNConvolution: PreparedKernel {
    private let problem: ConvolutionProblem
    private let pieces: [ConvolutionPiece]
    private let calls: [PrimitiveCall]
    private let pass: EpiloguePass

    init(
      _ problem: ConvolutionProblem, _ layout: ConvolutionPiece.Layout, pieces count: Int,
      _ parameters: ConvolutionParameters, _ set: MicroKernelSet
    ) throws(OneDNNError) {
      self.problem = problem
      pieces = try ConvolutionPiece.pieces(of: problem, layout, count: count)
      let pieces = pieces
      calls = try parameters.filter.withElements { filter throws(OneDNNError) in
        var calls: [PrimitiveCall] = []
        try (parameters.bias ?? [0]).withUnsafeBufferPointer { bias throws(OneDNNError) in
          guard let filter = filter.baseAddress, let bias = bias.baseAddress else { return }
          try OneDNN.onThisThread { () throws(OneDNNError) in
            for piece in pieces {
              calls.append(
                try PrimitiveCall(
                  piece.request(filter: filter, bias: parameters.bias == nil ? nil : bias), sharingWith: calls))
            }
          }
        }
        return calls
      }
      pass = EpiloguePass(pieces[0].postOperations.rest(of: problem.epilogue), addsBias: false, set)
    }

    private var scratchSize: Int { calls.reduce(0) { max($0, $1.scratchSize) } }

    func workspaceSize(workers: Int) -> Int { workers * scratchSize }

    func run(_ operands: LayerOperands, phase: Int, worker: Worker) {
      let inputSize = problem.inputShape.elementCount / problem.batch
      let outputSize = problem.outputShape.elementCount / problem.batch
      let scratch = operands.workspace + worker.index * scratchSize
      for item in worker.share(of: problem.batch * pieces.count) {
        let (image, index) = item.quotientAndRemainder(dividingBy: pieces.count)
        let piece = pieces[index]
        let place = image * outputSize + piece.outputOffset
        let target = operands.output.base + place
        let residual = problem.epilogue.hasResidual ? operands.inputs[1].base + place : nil
        calls[index].run(
          PrimitiveCall.Operands(
            source: operands.input.base + image * inputSize + piece.inputOffset, target: target, weights: nil,
            residual: residual, scratch: scratch))
        if pass.isEmpty { continue }
        for segment in 0..<piece.segments.count {
          let row = target + segment * piece.segments.pitch
          pass(
            row, to: row, count: piece.segments.length,
            residual: residual.map { UnsafePointer($0 + segment * piece.segments.pitch) })
        }
      }
    }
  }
#endif
