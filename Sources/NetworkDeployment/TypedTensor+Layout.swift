import LayerKernels

extension TypedTensor {
  /// A tensor of rank 4 of this shape, `[N, C, H, W]`, whose elements come as `[N, H, W, C]`; any other as it is.
  func fromChannelsLast() -> TypedTensor {
    guard shape.rank == 4, shape.elementCount > 0 else { return self }
    let (channels, pixels, width) = (shape[1], shape[2] * shape[3], type.byteCount)
    var result = TypedTensor(type, shape: shape)
    withBytes { source in
      result.withMutableBytes { target in
        for image in 0..<shape[0] {
          for channel in 0..<channels {
            for pixel in 0..<pixels {
              let from = ((image * pixels + pixel) * channels + channel) * width
              let to = ((image * channels + channel) * pixels + pixel) * width
              for byte in 0..<width { target[to + byte] = source[from + byte] }
            }
          }
        }
      }
    }
    return result
  }
}
