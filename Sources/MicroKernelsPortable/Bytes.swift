import MicroKernels

/// The functions of activations whose numbers are bytes.
@export(interface)
public func portableByteFunctions() -> ByteFunctionTable {
  ByteFunctionTable(
    narrow: MicroKernelFunction { stage(Portable.self, isInteger: true, byteCount: 1, $0) },
    widen: MicroKernelFunction { widenBytes(Portable.self, $0) },
    sum: MicroKernelFunction { sumBytes(Portable.self, $0) },
    depthwise: portableDepthwiseBytes)
}

/// The depthwise convolution of pixels of bytes of that size; nil where there is none.
@export(interface)
public func portableDepthwiseBytes(
  kernel: Int, stride: Int, columns: Int
) -> MicroKernelFunction<DepthwiseChannelsArguments>? {
  typealias Element = ByteElement
  return switch (kernel, stride, columns) {
  case (3, 1, 1):
    MicroKernelFunction { depthwiseChannels(Portable.self, Element.self, PixelRowShape<3, 1, 1, 3, 9>.self, $0) }
  case (3, 1, 4):
    MicroKernelFunction { depthwiseChannels(Portable.self, Element.self, PixelRowShape<3, 1, 4, 6, 18>.self, $0) }
  case (3, 2, 1):
    MicroKernelFunction { depthwiseChannels(Portable.self, Element.self, PixelRowShape<3, 2, 1, 3, 9>.self, $0) }
  case (3, 2, 4):
    MicroKernelFunction { depthwiseChannels(Portable.self, Element.self, PixelRowShape<3, 2, 4, 9, 27>.self, $0) }
  case (5, 1, 1):
    MicroKernelFunction { depthwiseChannels(Portable.self, Element.self, PixelRowShape<5, 1, 1, 5, 25>.self, $0) }
  case (5, 1, 4):
    MicroKernelFunction { depthwiseChannels(Portable.self, Element.self, PixelRowShape<5, 1, 4, 8, 40>.self, $0) }
  case (5, 2, 1):
    MicroKernelFunction { depthwiseChannels(Portable.self, Element.self, PixelRowShape<5, 2, 1, 5, 25>.self, $0) }
  case (5, 2, 4):
    MicroKernelFunction { depthwiseChannels(Portable.self, Element.self, PixelRowShape<5, 2, 4, 11, 55>.self, $0) }
  default: nil
  }
}
