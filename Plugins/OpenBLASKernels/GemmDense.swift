#if OpenBLAS
  import LayerKernels
  import MicroKernels

  /// The dense layer and the product of two matrices, as OpenBLAS's product of matrices or of a matrix and a vector.
  ///
  /// Configuration: `weights`, 0 as they are given, `[N, K]`, or 1 transposed once; `split`, what threads share: 0 rows, 1
  /// columns.
  struct GemmDense: LayerKernel {
    let identifier: KernelIdentifier = "openblas.dense"
    let version = OpenBLAS.library.kernelVersion(revision: 1)
    private let set: MicroKernelSet

    init(_ set: MicroKernelSet) { self.set = set }

    func applicability(to problem: MatrixMultiplyProblem) -> Applicability { .applies }

    /// Less than Luthier's own kernel: untuned, only the reference gives way to it.
    func expectedEfficiency(for problem: MatrixMultiplyProblem) -> Double { 0.002 }

    func configurations(for problem: MatrixMultiplyProblem) -> [KernelConfiguration] {
      (problem.rows > 1 ? [1, 0] : [1]).flatMap { split in
        (problem.hasConstantWeights ? [0, 1] : [0]).map { ["weights": $0, "split": split] }
      }
    }

    /// One thread shares nothing.
    func canonicalConfiguration(
      _ configuration: KernelConfiguration, for problem: MatrixMultiplyProblem, threads: Int
    ) -> KernelConfiguration {
      threads == 1 ? KernelConfiguration(configuration.values.merging(["split": 0]) { $1 }) : configuration
    }

    func prepare(
      _ problem: MatrixMultiplyProblem, configuration: KernelConfiguration, parameters: MatrixMultiplyParameters
    ) throws -> any PreparedKernel {
      let transposes = try configuration.value("weights", in: 0...(problem.hasConstantWeights ? 1 : 0), of: identifier)
      let split = try configuration.value("split", in: 0...1, of: identifier)
      return PreparedGemmDense(
        problem: problem, weights: try parameters.weights.map { try Self.packed($0, transposing: transposes == 1) },
        isTransposed: transposes == 0 && problem.hasConstantWeights,
        bias: try parameters.bias.map { bias in
          try PackedWeights(count: bias.count) { target in for index in bias.indices { target[index] = bias[index] } }
        }, pass: EpiloguePass(problem.epilogue, addsBias: true, set), splitsColumns: split == 1)
    }

    private static func packed(_ weights: Tensor, transposing: Bool) throws -> PackedWeights {
      let (columns, depth) = (weights.shape[0], weights.shape[1])
      return try PackedWeights(count: weights.shape.elementCount) { target in
        weights.withElements { source in
          for column in 0..<columns {
            for k in 0..<depth {
              target[transposing ? k * columns + column : column * depth + k] = source[column * depth + k]
            }
          }
        }
      }
    }
  }

  /// The kernel bound to its weights.
  private struct PreparedGemmDense: PreparedKernel {
    let problem: MatrixMultiplyProblem
    /// Nil where the weights are the second input.
    let weights: PackedWeights?
    /// Whether the second operand is `[N, K]`.
    let isTransposed: Bool
    let bias: PackedWeights?
    let pass: EpiloguePass
    let splitsColumns: Bool

    func run(_ operands: LayerOperands, phase: Int, worker: Worker) {
      let (depth, all) = (problem.depth, problem.columns)
      let rows = splitsColumns ? 0..<problem.rows : worker.share(of: problem.rows)
      let columns = splitsColumns ? worker.share(of: all, granule: 16) : 0..<all
      guard !rows.isEmpty, !columns.isEmpty else { return }
      for item in 0..<problem.batch {
        let left = operands.input.base + (item * problem.rows + rows.lowerBound) * depth
        let right = weights?.start ?? UnsafePointer(operands.inputs[1].base + item * depth * all)
        let place = (item * problem.rows + rows.lowerBound) * all + columns.lowerBound
        let target = operands.output.base + place
        let second = OpenBLAS.Matrix(
          right + (isTransposed ? columns.lowerBound * depth : columns.lowerBound), pitch: isTransposed ? depth : all)
        if rows.count == 1, isTransposed {
          OpenBLAS.multiply(second, vector: left, into: target, rows: columns.count, depth: depth)
        } else {
          OpenBLAS.multiply(
            OpenBLAS.Matrix(left, pitch: depth), second, transposingB: isTransposed, into: target, pitch: all,
            rows: rows.count, columns: columns.count, depth: depth)
        }
        if pass.isEmpty { continue }
        let residual = problem.epilogue.hasResidual ? operands.inputs[weights == nil ? 2 : 1].base + place : nil
        for row in 0..<rows.count {
          pass(
            target + row * all, to: target + row * all, count: columns.count,
            bias: bias.map { $0.start + columns.lowerBound }, residual: residual.map { UnsafePointer($0 + row * all) })
        }
      }
    }
  }
#endif
