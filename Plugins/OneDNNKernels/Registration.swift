#if OneDNN
  public import LayerKernels
  public import MicroKernels

  /// Registers the kernels that call oneDNN.
  ///
  /// - Throws: ``KernelError/duplicateIdentifier(_:)`` when they are registered already.
  public func registerOneDNNKernels(
    in registry: inout KernelRegistry, microKernels: MicroKernelSet
  ) throws(KernelError) {
    try registry.register(OneDNNConvolution(microKernels), from: .vendor(OneDNN.library))
    try registry.register(OneDNNDense(microKernels), from: .vendor(OneDNN.library))
  }
#endif
