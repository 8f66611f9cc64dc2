public import LayerKernels
public import MicroKernels

/// Registers the kernels that compute straight from planes or rows.
///
/// - Throws: ``KernelError/duplicateIdentifier(_:)`` when they are registered already.
public func registerDirectKernels(
  in registry: inout KernelRegistry, microKernels: MicroKernelSet
) throws(KernelError) {
  try registry.register(PointwisePixels(microKernels))
  try registry.register(PointwiseChannels(microKernels))
  try registry.register(PointwiseDense(microKernels))
  try registry.register(DepthwisePlanes(microKernels))
  try registry.register(DepthwiseChannels(microKernels))
  try registry.register(PointwiseDepthwise(microKernels))
  try registry.register(WindowConvolution(microKernels))
  try registry.register(WindowChannels(microKernels))
  try registry.register(GlobalPooling(microKernels))
  try registry.register(PoolingPlanes(microKernels))
  try registry.register(PoolingChannels(microKernels))
  try registry.register(Elementwise(microKernels))
  try registry.register(ElementwiseChain(microKernels))
  try registry.register(DepthwiseBytes(microKernels))
  try registry.register(ByteSum(microKernels))
  try registry.register(Softmax(microKernels))
  try registry.register(Normalization(microKernels))
  try registry.register(Recurrent(microKernels))
  try registry.register(Mean(microKernels))
  try registry.register(Resize())
  try registry.register(Rearrangement(microKernels))
  try registry.register(LayoutConversion(microKernels))
}
