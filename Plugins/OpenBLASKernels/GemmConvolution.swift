#if OpenBLAS
  import LayerKernels
  import MicroKernels

  /// Convolution as OpenBLAS's product of matrices: patches of a block of pixels are packed (im2col) and multiplied; a 1×1
  /// window of stride 1 multiplies the input where it lies.
  ///
  /// Bias, residual and activation are a pass over each block, because a product knows none of them. Configuration: `layout`,
  /// 0 plane list, 1 row-major, 2 channels last; `block`, the pixels of a product, 0 for all; `split`, what threads share: 0
  /// pixels, 1 channels.
  struct GemmConvolution: LayerKernel {
    let identifier: KernelIdentifier = "openblas.convolution"
    let version = OpenBLAS.library.kernelVersion(revision: 1)
    private let set: MicroKernelSet

    static let layouts: [TensorLayout] = [.planeList, .rowMajor, .channelsLast]

    /// The most elements of patches that a worker may pack.
    private static let maximumBlockElements = 1 << 26

    init(_ set: MicroKernelSet) { self.set = set }

    func applicability(to problem: ConvolutionProblem) -> Applicability {
      guard problem.groups == 1 || problem.inputChannels / problem.groups >= 4 else {
        return .refused(
          "needs at least 4 input channels a group, not \(problem.inputChannels / problem.groups): a product of matrices "
            + "with fewer is a loop of calls")
      }
      guard PatchMatrix(problem).depth <= Self.maximumBlockElements / 64 else {
        return .refused("a patch of \(PatchMatrix(problem).depth) elements is too large to pack")
      }
      return .applies
    }

    /// Less than Luthier's own kernels, which need no pass after the product: untuned, only the reference gives way to it.
    func expectedEfficiency(for problem: ConvolutionProblem) -> Double { 0.002 }

    func configurations(for problem: ConvolutionProblem) -> [KernelConfiguration] {
      let depth = PatchMatrix(problem).depth
      let pixels = problem.output.height * problem.output.width
      // Patches of half a megabyte stay in the second cache until they are multiplied.
      let block = min(max((1 << 17) / depth / 16, 4) * 16, pixels)
      var choices: [(layout: Int, block: Int, split: Int)] = []
      if problem.isPointwise {
        choices = [(0, 0, 0), (0, 0, 1), (2, 0, 0), (2, 0, 1), (1, 0, 0)]
      } else {
        choices = [(0, block, 0), (0, block, 1), (2, block, 0), (2, block, 1), (1, block, 0)]
        if block < pixels, pixels * depth <= Self.maximumBlockElements / 4 {
          choices += [(0, 0, 0), (0, 0, 1), (2, 0, 0)]
        }
      }
      return choices.map { ["layout": $0.layout, "block": $0.block, "split": $0.split] }
    }

    /// One thread shares nothing.
    func canonicalConfiguration(
      _ configuration: KernelConfiguration, for problem: ConvolutionProblem, threads: Int
    ) -> KernelConfiguration {
      threads == 1 ? KernelConfiguration(configuration.values.merging(["split": 0]) { $1 }) : configuration
    }

    func layouts(for problem: ConvolutionProblem, configuration: KernelConfiguration) -> OperandLayouts {
      let index = configuration["layout"] ?? 0
      return OperandLayouts(
        all: Self.layouts.indices.contains(index) ? Self.layouts[index] : .planeList,
        inputCount: problem.inputShapes.count)
    }

    func prepare(
      _ problem: ConvolutionProblem, configuration: KernelConfiguration, parameters: ConvolutionParameters
    ) throws -> any PreparedKernel {
      if case .refused(let reason) = applicability(to: problem) {
        throw KernelError.notApplicable(kernel: identifier, problem: problem.key, reason: reason)
      }
      let layout = Self.layouts[try configuration.value("layout", in: Self.layouts.indices, of: identifier)]
      let split = try configuration.value("split", in: 0...1, of: identifier)
      let pixels = problem.output.height * problem.output.width
      let block = try configuration.value("block", in: 0...pixels, of: identifier)
      guard
        problem.isPointwise || (block == 0 ? pixels : block) <= Self.maximumBlockElements / PatchMatrix(problem).depth
      else {
        throw KernelError.invalidConfiguration(
          kernel: identifier, configuration: configuration, reason: "a block of \(block) pixels is too large to pack")
      }
      return try PreparedGemmConvolution(
        problem, layout: layout, block: block == 0 ? pixels : block, splitsChannels: split == 1, parameters, set)
    }
  }
#endif
