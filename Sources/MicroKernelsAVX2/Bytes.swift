import MicroKernels

/// The functions of activations whose numbers are bytes.
@export(interface)
public func avx2ByteFunctions() -> ByteFunctionTable {
  ByteFunctionTable(
    narrow: MicroKernelFunction { stage(AVX2.self, isInteger: true, byteCount: 1, $0) },
    widen: MicroKernelFunction { widenBytes(AVX2.self, $0) }, sum: MicroKernelFunction { sumBytes(AVX2.self, $0) },
    depthwise: avx2DepthwiseBytes)
}

/// The depthwise convolution of pixels of bytes of that size; nil where there is none.
@export(interface)
public func avx2DepthwiseBytes(
  kernel: Int, stride: Int, columns: Int
) -> MicroKernelFunction<DepthwiseChannelsArguments>? {
  typealias Element = ByteElement
  return switch (kernel, stride, columns) {
  case (3, 1, 1):
    MicroKernelFunction { depthwiseChannels(AVX2.self, Element.self, PixelRowShape<3, 1, 1, 3, 9>.self, $0) }
  case (3, 1, 4):
    MicroKernelFunction { depthwiseChannels(AVX2.self, Element.self, PixelRowShape<3, 1, 4, 6, 18>.self, $0) }
  case (3, 2, 1):
    MicroKernelFunction { depthwiseChannels(AVX2.self, Element.self, PixelRowShape<3, 2, 1, 3, 9>.self, $0) }
  case (3, 2, 4):
    MicroKernelFunction { depthwiseChannels(AVX2.self, Element.self, PixelRowShape<3, 2, 4, 9, 27>.self, $0) }
  case (5, 1, 1):
    MicroKernelFunction { depthwiseChannels(AVX2.self, Element.self, PixelRowShape<5, 1, 1, 5, 25>.self, $0) }
  case (5, 1, 4):
    MicroKernelFunction { depthwiseChannels(AVX2.self, Element.self, PixelRowShape<5, 1, 4, 8, 40>.self, $0) }
  case (5, 2, 1):
    MicroKernelFunction { depthwiseChannels(AVX2.self, Element.self, PixelRowShape<5, 2, 1, 5, 25>.self, $0) }
  case (5, 2, 4):
    MicroKernelFunction { depthwiseChannels(AVX2.self, Element.self, PixelRowShape<5, 2, 4, 11, 55>.self, $0) }
  default: nil
  }
}
