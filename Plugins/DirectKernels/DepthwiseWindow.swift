import LayerKernels
import MicroKernels

/// Convolutions whose groups are single channels, and the code that there is for their windows.
enum DepthwiseWindow {
  /// Why a convolution is none of these; nil when it is one.
  static func refusal(of problem: ConvolutionProblem) -> String? {
    problem.groups == problem.inputChannels && problem.groups > 1
      ? nil : "needs a convolution of each channel by itself"
  }

  /// The code for a window over planes; nil where there is none.
  static func planes(
    _ problem: ConvolutionProblem, _ set: MicroKernelSet
  ) -> MicroKernelFunction<DepthwisePlanesArguments>? {
    let window = problem.window
    guard window.stride.height == window.stride.width else { return nil }
    return set.depthwise.planes(window.kernel.height, window.kernel.width, window.stride.width)
  }

  /// The code for a window over pixels, a tile of so many at a time; nil where there is none.
  static func channels(
    _ problem: ConvolutionProblem, _ set: MicroKernelSet, columns: Int
  ) -> MicroKernelFunction<DepthwiseChannelsArguments>? {
    let window = problem.window
    let isSquare = window.kernel.height == window.kernel.width && window.stride.height == window.stride.width
    if isSquare, set.depthwise.channels(window.kernel.width, window.stride.width, 1) != nil {
      // Every so many-th column belongs to a row of its own.
      guard columns <= max(problem.output.width / window.dilation.width, 1) else { return nil }
      return set.depthwise.channels(window.kernel.width, window.stride.width, columns)
    }
    guard columns <= problem.output.width else { return nil }
    return set.depthwise.anyWindow(columns)
  }

  /// `3×3 window with stride 1×1`
  static func description(of window: WindowGeometry) -> String {
    "\(window.kernel.height)×\(window.kernel.width) window with stride \(window.stride.height)×\(window.stride.width)"
  }
}

extension DepthwiseChannelsArguments {
  /// The sizes of a problem, on weights that are packed tap by tap with the bias and a pixel of what stands for 0 after them.
  init(
    _ problem: ConvolutionProblem, _ packed: PackedWeights, inputs: UnsafeRawPointer, outputs: UnsafeMutableRawPointer
  ) {
    let window = problem.window
    let taps = window.kernel.height * window.kernel.width
    let bias = packed.start + taps * problem.outputChannels
    self.init(
      weights: packed.start, bias: bias, zeros: bias + problem.outputChannels, inputs: inputs, outputs: outputs)
    channels = problem.outputChannels
    (inputHeight, inputWidth) = (problem.input.height, problem.input.width)
    (outputHeight, outputWidth) = (problem.output.height, problem.output.width)
    (paddingTop, paddingLeft) = (window.pads.top, window.pads.left)
    (dilationHeight, dilationWidth) = (window.dilation.height, window.dilation.width)
    (kernelHeight, kernelWidth) = (window.kernel.height, window.kernel.width)
    (strideHeight, strideWidth) = (window.stride.height, window.stride.width)
  }
}
