import MicroKernels

/// The depthwise convolution of planes of that size; nil where there is none.
@export(interface)
public func avx2DepthwisePlanes(
  kernel: Int, stride: Int, vectors: Int
) -> MicroKernelFunction<DepthwisePlanesArguments>? {
  switch (kernel, stride, vectors) {
  case (3, 1, 1): MicroKernelFunction { depthwisePlanes(AVX2.self, DepthwiseShape<3, 1, 9, 3, 3, 1, 3, 3>.self, $0) }
  case (3, 1, 2): MicroKernelFunction { depthwisePlanes(AVX2.self, DepthwiseShape<3, 1, 9, 3, 3, 2, 6, 6>.self, $0) }
  case (3, 2, 1): MicroKernelFunction { depthwisePlanes(AVX2.self, DepthwiseShape<3, 2, 9, 2, 4, 1, 2, 4>.self, $0) }
  case (3, 2, 2): MicroKernelFunction { depthwisePlanes(AVX2.self, DepthwiseShape<3, 2, 9, 2, 4, 2, 4, 8>.self, $0) }
  case (5, 1, 1): MicroKernelFunction { depthwisePlanes(AVX2.self, DepthwiseShape<5, 1, 25, 5, 5, 1, 5, 5>.self, $0) }
  case (5, 2, 1): MicroKernelFunction { depthwisePlanes(AVX2.self, DepthwiseShape<5, 2, 25, 3, 6, 1, 3, 6>.self, $0) }
  default: nil
  }
}
