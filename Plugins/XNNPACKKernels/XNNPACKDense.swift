#if XNNPACK
  import CXNNPACK
  import LayerKernels
  import MicroKernels

  /// The dense layer by XNNPACK, in pieces of columns that threads share.
  ///
  /// XNNPACK may read up to 16 bytes after the input (`XNN_EXTRA_BYTES`), and the first layer's input is a caller's memory,
  /// which may end with a page: each worker reads a copy. Configuration: `pieces`, the parts that are cut: no more threads
  /// take part.
  struct XNNPACKDense: LayerKernel {
    let identifier: KernelIdentifier = "xnnpack.dense"
    let version = XNNPACK.library.kernelVersion(revision: 1)
    private let set: MicroKernelSet

    init(_ set: MicroKernelSet) { self.set = set }

    func applicability(to problem: MatrixMultiplyProblem) -> Applicability {
      problem.hasConstantWeights
        ? .applies : .refused("needs constant weights, which operators pack when they are made")
    }

    /// Less than Luthier's own kernel: untuned, only the reference gives way to it.
    func expectedEfficiency(for problem: MatrixMultiplyProblem) -> Double { 0.0015 }

    func configurations(for problem: MatrixMultiplyProblem) -> [KernelConfiguration] {
      [1, 2, 4].filter { $0 <= problem.columns }.map { ["pieces": $0] }
    }

    func prepare(
      _ problem: MatrixMultiplyProblem, configuration: KernelConfiguration, parameters: MatrixMultiplyParameters
    ) throws -> any PreparedKernel {
      guard let weights = parameters.weights else {
        throw KernelError.notApplicable(
          kernel: identifier, problem: problem.key, reason: "needs constant weights")
      }
      let pieces = try configuration.value("pieces", in: 1...256, of: identifier)
      do throws(XNNPACKError) {
        return try PreparedXNNPACKDense(problem, pieces: pieces, weights, bias: parameters.bias, set)
      } catch {
        throw KernelError.invalidConfiguration(
          kernel: identifier, configuration: configuration, reason: error.description)
      }
    }
  }

  /// The kernel bound to its weights.
  private struct PreparedXNNPACKDense: PreparedKernel {
    private let rows: Int
    private let depth: Int
    private let columns: Int
    private let hasResidual: Bool
    private let pieces: [(columns: Range<Int>, operators: RunStatePool<Operator>)]
    private let pass: FinitePass

    init(
      _ problem: MatrixMultiplyProblem, pieces count: Int, _ weights: Tensor, bias: [Float]?, _ set: MicroKernelSet
    ) throws(XNNPACKError) {
      let rows = problem.batch * problem.rows
      self.rows = rows
      depth = problem.depth
      columns = problem.columns
      hasResidual = problem.epilogue.hasResidual
      pass = FinitePass(problem.epilogue, set)
      let addends = bias ?? [Float](repeating: 0, count: problem.columns)
      let count = min(count, problem.columns)
      pieces = try (0..<count).map { index throws(XNNPACKError) in
        let part = problem.columns * index / count..<problem.columns * (index + 1) / count
        let make: @Sendable () throws(XNNPACKError) -> Operator = { () throws(XNNPACKError) in
          try weights.withElements { weights throws(XNNPACKError) in
            try addends.withUnsafeBufferPointer { addends throws(XNNPACKError) in
              guard let weights = weights.baseAddress, let addends = addends.baseAddress else {
                throw XNNPACKError(asked: "for an operator without weights", status: 0)
              }
              return try Operator(place: weights) {
                xnn_create_fully_connected_nc_f32(
                  problem.depth, part.count, problem.depth, problem.columns, weights + part.lowerBound * problem.depth,
                  addends + part.lowerBound, -.infinity, .infinity, 0, $0)
              } set: {
                xnn_setup_fully_connected_nc_f32($0, rows, $1, $2, nil)
              }
            }
          }
        }
        return (
          part,
          RunStatePool(try make()) {
            do { return try make() } catch {
              // The same was made before: only a process without memory comes here, where Swift itself stops.
              fatalError("\(error)")
            }
          }
        )
      }
    }

    /// Elements of a worker's copy of the input, and of what may be read after it.
    private var copyCount: Int { AlignedMemory.paddedCount(rows * depth + Int(XNN_EXTRA_BYTES) / 4) }

    func workspaceSize(workers: Int) -> Int { workers * copyCount * MemoryLayout<Float>.stride }

    func run(_ operands: LayerOperands, phase: Int, worker: Worker) {
      let own = worker.share(of: pieces.count)
      if own.isEmpty { return }
      let input = operands.workspace.assumingMemoryBound(to: Float.self) + worker.index * copyCount
      input.update(from: operands.input.base, count: rows * depth)
      for index in own {
        let (part, operators) = pieces[index]
        let target = operands.output.base + part.lowerBound
        operators.withState { $0.run(input, target) }
        let residual = hasResidual ? operands.inputs[1].base + part.lowerBound : nil
        for row in 0..<rows {
          pass(target + row * columns, count: part.count, residual: residual.map { UnsafePointer($0 + row * columns) })
        }
      }
    }
  }
#endif
