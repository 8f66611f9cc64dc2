public import LayerKernels
public import MicroKernels

/// Registers the kernels that turn convolution into a matrix product.
///
/// - Throws: ``KernelError/duplicateIdentifier(_:)`` when they are registered already.
public func registerIm2colKernels(
  in registry: inout KernelRegistry, microKernels: MicroKernelSet
) throws(KernelError) {
  try registry.register(ImplicitGemm(microKernels))
  try registry.register(Im2colGemm(microKernels))
  try registry.register(PooledConvolution(microKernels))
}
