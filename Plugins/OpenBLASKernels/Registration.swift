#if OpenBLAS
  public import LayerKernels
  public import MicroKernels

  /// Registers the kernels that call OpenBLAS.
  ///
  /// - Throws: ``KernelError/duplicateIdentifier(_:)`` when they are registered already.
  public func registerOpenBLASKernels(
    in registry: inout KernelRegistry, microKernels: MicroKernelSet
  ) throws(KernelError) {
    try registry.register(GemmConvolution(microKernels), from: .vendor(OpenBLAS.library))
    try registry.register(GemmDense(microKernels), from: .vendor(OpenBLAS.library))
  }
#endif
