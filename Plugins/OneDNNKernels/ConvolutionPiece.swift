#if OneDNN
  import COneDNN
  import LayerKernels

  /// A part of one image's convolution that is a convolution of its own: some output rows, or some output channels.
  struct ConvolutionPiece: @unchecked Sendable {
    // @unchecked Sendable: sizes, strides and offsets, no pointers.

    /// How activations lie, in the order in which configurations count.
    enum Layout: CaseIterable {
      case channelsLast
      case rowMajor
      case own
    }

    /// The piece's first elements in its image's input and output.
    let inputOffset: Int
    let outputOffset: Int
    /// Where the piece's output lies: runs of elements side by side.
    let segments: (count: Int, length: Int, pitch: Int)
    let postOperations: PostOperations

    private let source: dnnl_memory_desc_t
    private let target: dnnl_memory_desc_t
    /// What the primitive is asked to work on: the same, or any layout.
    private let inside: (source: dnnl_memory_desc_t, target: dnnl_memory_desc_t)
    private let weightSizes: [Int]
    private let firstChannel: Int
    private let channels: Int
    private let filterOffset: Int
    private let window: WindowGeometry
    private let padding: (begin: [Int64], end: [Int64])

    /// The convolution in so many pieces of rows, or of channels where planes lie as they are; in fewer where there are not
    /// as many or where a piece would see nothing but padding.
    static func pieces(
      of problem: ConvolutionProblem, _ layout: Layout, count: Int
    ) throws(OneDNNError) -> [ConvolutionPiece] {
      let total =
        layout != .rowMajor ? problem.output.height : problem.groups == 1 ? problem.outputChannels : problem.groups
      let count = min(count, total)
      let parts = (0..<count).map { total * $0 / count..<total * ($0 + 1) / count }
      let seesInput = layout == .rowMajor || parts.allSatisfy { !inputRows(under: $0, of: problem).seen.isEmpty }
      return try (seesInput ? parts : [0..<total]).map { part throws(OneDNNError) in
        try ConvolutionPiece(problem, layout, part)
      }
    }

    /// The input rows under output rows, and the rows of padding above and below them.
    private static func inputRows(
      under rows: Range<Int>, of problem: ConvolutionProblem
    ) -> (seen: Range<Int>, above: Int, below: Int) {
      let window = problem.window
      if rows == 0..<problem.output.height { return (0..<problem.input.height, window.pads.top, window.pads.bottom) }
      let first = rows.lowerBound * window.stride.height - window.pads.top
      let end =
        (rows.upperBound - 1) * window.stride.height - window.pads.top
        + (window.kernel.height - 1) * window.dilation.height + 1
      let lower = min(max(first, 0), problem.input.height)
      let seen = lower..<max(min(end, problem.input.height), lower)
      return (seen, max(-first, 0), max(end - problem.input.height, 0))
    }

    private init(_ problem: ConvolutionProblem, _ layout: Layout, _ part: Range<Int>) throws(OneDNNError) {
      let (input, output) = (problem.input, problem.output)
      let byChannels = layout == .rowMajor
      let outputRows = byChannels ? 0..<output.height : part
      let rows = Self.inputRows(under: outputRows, of: problem)
      let perGroup = (inputs: problem.inputChannels / problem.groups, outputs: problem.outputChannels / problem.groups)
      let groups = byChannels && problem.groups > 1 ? part.count : problem.groups
      let inputs = groups * perGroup.inputs
      channels =
        byChannels ? (problem.groups == 1 ? part.count : part.count * perGroup.outputs) : problem.outputChannels
      firstChannel = byChannels ? part.lowerBound * (problem.groups == 1 ? 1 : perGroup.outputs) : 0
      let firstInput = byChannels && problem.groups > 1 ? part.lowerBound * perGroup.inputs : 0
      filterOffset = firstChannel * problem.filterShape.elementCount / problem.outputChannels

      let sizes = (
        source: [1, inputs, rows.seen.count, input.width], target: [1, channels, outputRows.count, output.width]
      )
      if layout == .channelsLast {
        inputOffset = rows.seen.lowerBound * input.width * inputs
        outputOffset = outputRows.lowerBound * output.width * channels
        segments = (1, outputRows.count * output.width * channels, 0)
        source = try OneDNN.descriptor(
          sizes.source, strides: [rows.seen.count * input.width * inputs, 1, input.width * inputs, inputs])
        target = try OneDNN.descriptor(
          sizes.target, strides: [outputRows.count * output.width * channels, 1, output.width * channels, channels])
      } else {
        let (inputPlane, outputPlane) = (input.height * input.width, output.height * output.width)
        inputOffset = firstInput * inputPlane + rows.seen.lowerBound * input.width
        outputOffset = firstChannel * outputPlane + outputRows.lowerBound * output.width
        segments =
          outputRows.count == output.height
          ? (1, channels * outputPlane, 0) : (channels, outputRows.count * output.width, outputPlane)
        source = try OneDNN.descriptor(sizes.source, strides: [inputs * inputPlane, inputPlane, input.width, 1])
        target = try OneDNN.descriptor(sizes.target, strides: [channels * outputPlane, outputPlane, output.width, 1])
      }
      inside =
        layout == .own
        ? (try OneDNN.anyLayout(sizes.source), try OneDNN.anyLayout(sizes.target)) : (source, target)
      // Not even residuals that could ride along: oneDNN 2.6.3 adds other elements than those below its results in some
      // convolutions, channels last, that it does as products of matrices.
      postOperations = PostOperations(problem.epilogue, residual: nil)
      let kernel = [perGroup.inputs, problem.window.kernel.height, problem.window.kernel.width]
      weightSizes = groups == 1 ? [channels] + kernel : [groups, channels / groups] + kernel
      window = problem.window
      padding = (
        [Int64(rows.above), Int64(window.pads.left)], [Int64(rows.below), Int64(window.pads.right)]
      )
    }

    /// What the piece asks of oneDNN; the constants are the whole layer's.
    func request(
      filter: UnsafePointer<Float>, bias: UnsafePointer<Float>?
    ) throws(OneDNNError) -> PrimitiveRequest {
      let engine = try OneDNN.engine()
      let weights = try OneDNN.anyLayout(weightSizes)
      let biasDescriptor = try OneDNN.descriptor([channels], strides: [1])
      return PrimitiveRequest(
        make: { attributes, place in
          var description = dnnl_convolution_desc_t()
          var (source, target, weights) = (inside.source, inside.target, weights)
          let strides = [Int64(window.stride.height), Int64(window.stride.width)]
          // oneDNN counts the elements between those of a window: 0 for a dense one.
          let gaps = [Int64(window.dilation.height - 1), Int64(window.dilation.width - 1)]
          let status = OneDNN.withPointer(to: bias == nil ? nil : biasDescriptor) {
            dnnl_dilated_convolution_forward_desc_init(
              &description, dnnl_forward_inference, dnnl_convolution_direct, &source, &weights, $0, &target, strides,
              gaps, padding.begin, padding.end)
          }
          guard status == dnnl_success else { return status }
          return dnnl_primitive_desc_create(place, &description, attributes, engine.pointer, nil)
        },
        source: source, target: target,
        weights: (
          try OneDNN.descriptor(weightSizes, strides: OneDNN.denseStrides(weightSizes)), filter + filterOffset
        ),
        bias: bias.map { (biasDescriptor, $0 + firstChannel) }, postOperations: postOperations)
    }
  }
#endif
