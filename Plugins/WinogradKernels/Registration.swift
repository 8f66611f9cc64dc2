public import LayerKernels
public import MicroKernels

/// Registers Winograd's kernels.
///
/// - Throws: ``KernelError/duplicateIdentifier(_:)`` when they are registered already.
public func registerWinogradKernels(
  in registry: inout KernelRegistry, microKernels: MicroKernelSet
) throws(KernelError) {
  try registry.register(WinogradConvolution(microKernels, size: 4))
  try registry.register(WinogradConvolution(microKernels, size: 2))
  try registry.register(WinogradConvolution(microKernels, size: 6))
  try registry.register(WinogradDepthwise(microKernels))
}
