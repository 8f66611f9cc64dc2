public import LayerKernels
public import MicroKernels

/// Registers the kernels whose weights are stored in fewer bits, one of each kind for each type.
///
/// - Throws: ``KernelError/duplicateIdentifier(_:)`` when they are registered already.
public func registerReducedWeightKernels(
  in registry: inout KernelRegistry, microKernels: MicroKernelSet
) throws(KernelError) {
  for type in ReducedWeights.types {
    try registry.register(ReducedPointwise(microKernels, weightType: type))
    try registry.register(ReducedDense(microKernels, weightType: type))
  }
}
