#if XNNPACK
  public import LayerKernels
  public import MicroKernels

  /// Registers the kernels that call XNNPACK.
  ///
  /// - Throws: ``KernelError/duplicateIdentifier(_:)`` when they are registered already.
  public func registerXNNPACKKernels(
    in registry: inout KernelRegistry, microKernels: MicroKernelSet
  ) throws(KernelError) {
    try registry.register(XNNPACKConvolution(microKernels), from: .vendor(XNNPACK.library))
    try registry.register(XNNPACKDense(microKernels), from: .vendor(XNNPACK.library))
  }
#endif
