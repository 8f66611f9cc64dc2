#if OneDNN
  import COneDNN
  import LayerKernels
  import MicroKernels

  /// The dense layer and the product of two matrices by oneDNN, in one primitive or in pieces that threads share.
  ///
  /// Configuration: `form`, 0 `matmul`, 1 `inner_product`, which takes constant weights alone; `pieces`, the parts that are cut,
  /// of rows, or of columns where there is one row: no more threads than pieces and products take part.
  struct OneDNNDense: LayerKernel {
    let identifier: KernelIdentifier = "onednn.dense"
    let version = OneDNN.library.kernelVersion(revision: 1)
    private let set: MicroKernelSet

    init(_ set: MicroKernelSet) { self.set = set }

    func applicability(to problem: MatrixMultiplyProblem) -> Applicability { .applies }

    /// Less than Luthier's own kernel: untuned, only the reference gives way to it.
    func expectedEfficiency(for problem: MatrixMultiplyProblem) -> Double { 0.002 }

    func configurations(for problem: MatrixMultiplyProblem) -> [KernelConfiguration] {
      let most = DensePiece.unitCount(of: problem)
      return (problem.hasConstantWeights ? [0, 1] : [0]).flatMap { form in
        [1, 2, 4].filter { $0 <= most }.map { ["form": form, "pieces": $0] }
      }
    }

    func prepare(
      _ problem: MatrixMultiplyProblem, configuration: KernelConfiguration, parameters: MatrixMultiplyParameters
    ) throws -> any PreparedKernel {
      let form = try configuration.value("form", in: 0...(problem.hasConstantWeights ? 1 : 0), of: identifier)
      let pieces = try configuration.value("pieces", in: 1...256, of: identifier)
      do throws(OneDNNError) {
        return try PreparedOneDNNDense(problem, isInnerProduct: form == 1, pieces: pieces, parameters, set)
      } catch {
        throw KernelError.invalidConfiguration(
          kernel: identifier, configuration: configuration, reason: error.description)
      }
    }
  }

  /// The kernel bound to its weights.
  private struct PreparedOneDNNDense: PreparedKernel {
    private let problem: MatrixMultiplyProblem
    private let pieces: [DensePiece]
    private let calls: [PrimitiveCall]
    private let pass: EpiloguePass

    init(
      _ problem: MatrixMultiplyProblem, isInnerProduct: Bool, pieces count: Int,
      _ parameters: MatrixMultiplyParameters, _ set: MicroKernelSet
    ) throws(OneDNNError) {
      self.problem = problem
      let pieces = try DensePiece.pieces(of: problem, isInnerProduct: isInnerProduct, count: count)
      self.pieces = pieces
      func make(_ weights: UnsafePointer<Float>?) throws(OneDNNError) -> [PrimitiveCall] {
        var calls: [PrimitiveCall] = []
        try (parameters.bias ?? [0]).withUnsafeBufferPointer { bias throws(OneDNNError) in
          try OneDNN.onThisThread { () throws(OneDNNError) in
            for piece in pieces {
              let request = try piece.request(
                weights: weights, bias: parameters.bias == nil ? nil : bias.baseAddress)
              calls.append(try PrimitiveCall(request, sharingWith: calls))
            }
          }
        }
        return calls
      }
      if let weights = parameters.weights {
        calls = try weights.withElements { elements throws(OneDNNError) in try make(elements.baseAddress) }
      } else {
        calls = try make(nil)
      }
      pass = EpiloguePass(pieces[0].postOperations.rest(of: problem.epilogue), addsBias: false, set)
    }

    private var scratchSize: Int { calls.reduce(0) { max($0, $1.scratchSize) } }

    func workspaceSize(workers: Int) -> Int { workers * scratchSize }

    func run(_ operands: LayerOperands, phase: Int, worker: Worker) {
      let scratch = operands.workspace + worker.index * scratchSize
      let products = DensePiece.productCount(of: problem)
      let rows = problem.batch * problem.rows / products
      for item in worker.share(of: products * pieces.count) {
        let (product, index) = item.quotientAndRemainder(dividingBy: pieces.count)
        let piece = pieces[index]
        let place = product * rows * problem.columns + piece.outputOffset
        let target = operands.output.base + place
        let residual =
          problem.epilogue.hasResidual ? operands.inputs[problem.hasConstantWeights ? 1 : 2].base + place : nil
        let weights =
          problem.hasConstantWeights
          ? nil : operands.inputs[1].base + product * problem.depth * problem.columns + piece.weightOffset
        calls[index].run(
          PrimitiveCall.Operands(
            source: operands.input.base + product * rows * problem.depth + piece.inputOffset, target: target,
            weights: weights, residual: residual, scratch: scratch))
        pass(target, to: target, count: piece.outputCount, residual: residual.map { UnsafePointer($0) })
      }
    }
  }
#endif
