import MicroKernels

/// The depthwise convolution of planes of that size; nil where there is none.
@export(interface)
public func avx512DepthwisePlanes(kernel: Int, stride: Int) -> MicroKernelFunction<DepthwisePlanesArguments>? {
  switch (kernel, stride) {
  case (3, 1): MicroKernelFunction { depthwisePlanes(AVX512.self, DepthwiseShape<3, 1, 9, 3, 3>.self, $0) }
  case (3, 2): MicroKernelFunction { depthwisePlanes(AVX512.self, DepthwiseShape<3, 2, 9, 2, 4>.self, $0) }
  case (5, 1): MicroKernelFunction { depthwisePlanes(AVX512.self, DepthwiseShape<5, 1, 25, 5, 5>.self, $0) }
  case (5, 2): MicroKernelFunction { depthwisePlanes(AVX512.self, DepthwiseShape<5, 2, 25, 3, 6>.self, $0) }
  default: nil
  }
}

/// The depthwise convolution of pixels of that size; nil where there is none.
@export(interface)
public func avx512DepthwiseChannels(
  kernel: Int, stride: Int, columns: Int
) -> MicroKernelFunction<DepthwiseChannelsArguments>? {
  switch (kernel, stride, columns) {
  case (3, 1, 1): MicroKernelFunction { depthwiseChannels(AVX512.self, PixelRowShape<3, 1, 1, 3, 9>.self, $0) }
  case (3, 1, 4): MicroKernelFunction { depthwiseChannels(AVX512.self, PixelRowShape<3, 1, 4, 6, 18>.self, $0) }
  case (3, 1, 7): MicroKernelFunction { depthwiseChannels(AVX512.self, PixelRowShape<3, 1, 7, 9, 27>.self, $0) }
  case (3, 2, 1): MicroKernelFunction { depthwiseChannels(AVX512.self, PixelRowShape<3, 2, 1, 3, 9>.self, $0) }
  case (3, 2, 4): MicroKernelFunction { depthwiseChannels(AVX512.self, PixelRowShape<3, 2, 4, 9, 27>.self, $0) }
  case (5, 1, 1): MicroKernelFunction { depthwiseChannels(AVX512.self, PixelRowShape<5, 1, 1, 5, 25>.self, $0) }
  case (5, 1, 4): MicroKernelFunction { depthwiseChannels(AVX512.self, PixelRowShape<5, 1, 4, 8, 40>.self, $0) }
  case (5, 2, 1): MicroKernelFunction { depthwiseChannels(AVX512.self, PixelRowShape<5, 2, 1, 5, 25>.self, $0) }
  case (5, 2, 4): MicroKernelFunction { depthwiseChannels(AVX512.self, PixelRowShape<5, 2, 4, 11, 55>.self, $0) }
  default: nil
  }
}
