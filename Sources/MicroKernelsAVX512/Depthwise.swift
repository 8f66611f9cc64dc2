import MicroKernels

/// The depthwise convolution of planes of that size; nil where there is none.
@export(interface)
public func avx512DepthwisePlanes(
  rows: Int, columns: Int, stride: Int
) -> MicroKernelFunction<DepthwisePlanesArguments>? {
  switch (rows, columns, stride) {
  case (3, 3, 1): MicroKernelFunction { depthwisePlanes(AVX512.self, DepthwiseShape<3, 3, 1, 9, 3, 3>.self, $0) }
  case (3, 3, 2): MicroKernelFunction { depthwisePlanes(AVX512.self, DepthwiseShape<3, 3, 2, 9, 2, 4>.self, $0) }
  case (5, 5, 1): MicroKernelFunction { depthwisePlanes(AVX512.self, DepthwiseShape<5, 5, 1, 25, 5, 5>.self, $0) }
  case (5, 5, 2): MicroKernelFunction { depthwisePlanes(AVX512.self, DepthwiseShape<5, 5, 2, 25, 3, 6>.self, $0) }
  case (7, 7, 1): MicroKernelFunction { depthwisePlanes(AVX512.self, DepthwiseShape<7, 7, 1, 49, 7, 7>.self, $0) }
  case (7, 7, 2): MicroKernelFunction { depthwisePlanes(AVX512.self, DepthwiseShape<7, 7, 2, 49, 4, 8>.self, $0) }
  case (1, 3, 1): MicroKernelFunction { depthwisePlanes(AVX512.self, DepthwiseShape<1, 3, 1, 3, 1, 3>.self, $0) }
  case (3, 1, 1): MicroKernelFunction { depthwisePlanes(AVX512.self, DepthwiseShape<3, 1, 1, 3, 3, 1>.self, $0) }
  case (1, 5, 1): MicroKernelFunction { depthwisePlanes(AVX512.self, DepthwiseShape<1, 5, 1, 5, 1, 5>.self, $0) }
  case (5, 1, 1): MicroKernelFunction { depthwisePlanes(AVX512.self, DepthwiseShape<5, 1, 1, 5, 5, 1>.self, $0) }
  case (1, 7, 1): MicroKernelFunction { depthwisePlanes(AVX512.self, DepthwiseShape<1, 7, 1, 7, 1, 7>.self, $0) }
  case (7, 1, 1): MicroKernelFunction { depthwisePlanes(AVX512.self, DepthwiseShape<7, 1, 1, 7, 7, 1>.self, $0) }
  case (1, 11, 1): MicroKernelFunction { depthwisePlanes(AVX512.self, DepthwiseShape<1, 11, 1, 11, 1, 11>.self, $0) }
  case (11, 1, 1): MicroKernelFunction { depthwisePlanes(AVX512.self, DepthwiseShape<11, 1, 1, 11, 11, 1>.self, $0) }
  default: nil
  }
}

/// The depthwise convolution of pixels of that size; nil where there is none.
@export(interface)
public func avx512DepthwiseChannels(
  kernel: Int, stride: Int, columns: Int
) -> MicroKernelFunction<DepthwiseChannelsArguments>? {
  switch (kernel, stride, columns) {
  case (3, 1, 1):
    MicroKernelFunction { depthwiseChannels(AVX512.self, FloatElement.self, PixelRowShape<3, 1, 1, 3, 9>.self, $0) }
  case (3, 1, 4):
    MicroKernelFunction { depthwiseChannels(AVX512.self, FloatElement.self, PixelRowShape<3, 1, 4, 6, 18>.self, $0) }
  case (3, 1, 7):
    MicroKernelFunction { depthwiseChannels(AVX512.self, FloatElement.self, PixelRowShape<3, 1, 7, 9, 27>.self, $0) }
  case (3, 2, 1):
    MicroKernelFunction { depthwiseChannels(AVX512.self, FloatElement.self, PixelRowShape<3, 2, 1, 3, 9>.self, $0) }
  case (3, 2, 4):
    MicroKernelFunction { depthwiseChannels(AVX512.self, FloatElement.self, PixelRowShape<3, 2, 4, 9, 27>.self, $0) }
  case (5, 1, 1):
    MicroKernelFunction { depthwiseChannels(AVX512.self, FloatElement.self, PixelRowShape<5, 1, 1, 5, 25>.self, $0) }
  case (5, 1, 4):
    MicroKernelFunction { depthwiseChannels(AVX512.self, FloatElement.self, PixelRowShape<5, 1, 4, 8, 40>.self, $0) }
  case (5, 2, 1):
    MicroKernelFunction { depthwiseChannels(AVX512.self, FloatElement.self, PixelRowShape<5, 2, 1, 5, 25>.self, $0) }
  case (5, 2, 4):
    MicroKernelFunction { depthwiseChannels(AVX512.self, FloatElement.self, PixelRowShape<5, 2, 4, 11, 55>.self, $0) }
  default: nil
  }
}

/// The depthwise convolution of pixels with any window by its tile's columns; nil where there is none.
@export(interface)
public func avx512DepthwiseWindow(columns: Int) -> MicroKernelFunction<DepthwiseChannelsArguments>? {
  switch columns {
  case 1: MicroKernelFunction { depthwiseWindow(AVX512.self, AnyWindowShape<1, 128>.self, $0) }
  case 4: MicroKernelFunction { depthwiseWindow(AVX512.self, AnyWindowShape<4, 512>.self, $0) }
  default: nil
  }
}
