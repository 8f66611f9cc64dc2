#if XNNPACK
  import CXNNPACK
  import LayerKernels
  import MicroKernels

  /// Convolution by XNNPACK, channels last, in pieces of output channels that threads share.
  ///
  /// Every problem is accepted. Configuration: `pieces`, the parts that are cut, of output channels or of groups: no more
  /// threads take part.
  struct XNNPACKConvolution: LayerKernel {
    let identifier: KernelIdentifier = "xnnpack.convolution"
    let version = XNNPACK.library.kernelVersion(revision: 1)
    private let set: MicroKernelSet

    init(_ set: MicroKernelSet) { self.set = set }

    func applicability(to problem: ConvolutionProblem) -> Applicability { .applies }

    /// Less than Luthier's own kernels, which do not convert plane lists: untuned, only the reference gives way to it.
    func expectedEfficiency(for problem: ConvolutionProblem) -> Double { 0.0015 }

    func configurations(for problem: ConvolutionProblem) -> [KernelConfiguration] {
      let units = problem.groups == 1 ? problem.outputChannels : problem.groups
      return [1, 2, 4].filter { $0 <= units }.map { ["pieces": $0] }
    }

    func layouts(for problem: ConvolutionProblem, configuration: KernelConfiguration) -> OperandLayouts {
      OperandLayouts(all: .channelsLast, inputCount: problem.inputShapes.count)
    }

    func prepare(
      _ problem: ConvolutionProblem, configuration: KernelConfiguration, parameters: ConvolutionParameters
    ) throws -> any PreparedKernel {
      let pieces = try configuration.value("pieces", in: 1...256, of: identifier)
      do {
        return try PreparedXNNPACKConvolution(problem, pieces: pieces, parameters, set)
      } catch let error as XNNPACKError {
        throw KernelError.invalidConfiguration(
          kernel: identifier, configuration: configuration, reason: error.description)
      }
    }
  }

  /// The kernel bound to its weights.
  private struct PreparedXNNPACKConvolution: PreparedKernel {
    private struct Piece: Sendable {
      let inputOffset: Int
      let outputOffset: Int
      let channels: Int
      let operators: RunStatePool<Operator>
    }

    private let problem: ConvolutionProblem
    private let pieces: [Piece]
    private let pass: FinitePass

    init(
      _ problem: ConvolutionProblem, pieces count: Int, _ parameters: ConvolutionParameters, _ set: MicroKernelSet
    ) throws {
      self.problem = problem
      pass = FinitePass(problem.epilogue, set)
      let filter = try Self.channelsLast(parameters.filter)
      let bias = try PackedWeights(count: problem.outputChannels) { target in
        for (index, value) in (parameters.bias ?? []).enumerated() { target[index] = value }
      }
      let units = problem.groups == 1 ? problem.outputChannels : problem.groups
      let count = min(count, units)
      pieces = try (0..<count).map { index throws(XNNPACKError) in
        let part = units * index / count..<units * (index + 1) / count
        let groups = problem.groups == 1 ? 1 : part.count
        let unit = problem.outputChannels / units
        let inputs = problem.inputChannels / problem.groups
        let make: @Sendable () throws(XNNPACKError) -> Operator = { () throws(XNNPACKError) in
          try Self.makeOperator(
            problem, groups: groups, outputs: part.count * unit / groups,
            filter: filter.start + part.lowerBound * unit * (filter.count / problem.outputChannels),
            bias: bias.start + part.lowerBound * unit, keeping: (filter, bias))
        }
        return Piece(
          inputOffset: problem.groups == 1 ? 0 : part.lowerBound * inputs, outputOffset: part.lowerBound * unit,
          channels: part.count * unit,
          operators: RunStatePool(try make()) {
            do { return try make() } catch {
              // The same was made before: only a process without memory comes here, where Swift itself stops.
              fatalError("\(error)")
            }
          })
      }
    }

    /// Filters as `[K, R, S, C/groups]`.
    private static func channelsLast(_ filter: Tensor) throws -> PackedWeights {
      let (inputs, window) = (filter.shape[1], filter.shape[2] * filter.shape[3])
      return try PackedWeights(count: filter.shape.elementCount) { target in
        filter.withElements { source in
          for output in 0..<filter.shape[0] {
            let start = output * inputs * window
            for input in 0..<inputs {
              for place in 0..<window {
                target[start + place * inputs + input] = source[start + input * window + place]
              }
            }
          }
        }
      }
    }

    /// - Parameter constants: what the addresses point into.
    private static func makeOperator(
      _ problem: ConvolutionProblem, groups: Int, outputs: Int, filter: UnsafePointer<Float>,
      bias: UnsafePointer<Float>, keeping constants: (PackedWeights, PackedWeights)
    ) throws(XNNPACKError) -> Operator {
      defer { withExtendedLifetime(constants) {} }
      let window = problem.window
      return try Operator(place: filter) {
        xnn_create_convolution2d_nhwc_f32(
          UInt32(window.pads.top), UInt32(window.pads.right), UInt32(window.pads.bottom), UInt32(window.pads.left),
          UInt32(window.kernel.height), UInt32(window.kernel.width), UInt32(window.stride.height),
          UInt32(window.stride.width), UInt32(window.dilation.height), UInt32(window.dilation.width), UInt32(groups),
          problem.inputChannels / problem.groups, outputs, problem.inputChannels, problem.outputChannels, filter, bias,
          -.infinity, .infinity, 0, $0)
      } set: { pointer, input, output in
        xnn_setup_convolution2d_nhwc_f32(
          pointer, problem.batch, problem.input.height, problem.input.width, input, output, nil)
      }
    }

    func run(_ operands: LayerOperands, phase: Int, worker: Worker) {
      for index in worker.share(of: pieces.count) {
        let piece = pieces[index]
        let target = operands.output.base + piece.outputOffset
        piece.operators.withState { $0.run(operands.input.base + piece.inputOffset, target) }
        let residual = problem.epilogue.hasResidual ? operands.inputs[1].base + piece.outputOffset : nil
        let pixels = problem.outputShape.elementCount / problem.outputChannels
        let isWhole = piece.channels == problem.outputChannels
        for pixel in 0..<(isWhole ? 1 : pixels) {
          pass(
            target + pixel * problem.outputChannels, count: isWhole ? pixels * piece.channels : piece.channels,
            residual: residual.map { UnsafePointer($0 + pixel * problem.outputChannels) })
        }
      }
    }
  }
#endif
