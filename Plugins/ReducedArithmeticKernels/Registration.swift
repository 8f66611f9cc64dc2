public import LayerKernels
public import MicroKernels

/// Registers the kernels that compute in narrow numbers, three for each type that the instruction set has products of: on others they
/// would be slower than those that compute in floats.
///
/// - Throws: ``KernelError/duplicateIdentifier(_:)`` when they are registered already.
public func registerReducedArithmeticKernels(
  in registry: inout KernelRegistry, microKernels: MicroKernelSet
) throws(KernelError) {
  for table in microKernels.dotTables.values.sorted(by: { $0.format.name > $1.format.name }) {
    try registry.register(NarrowPointwise(table, microKernels))
    try registry.register(NarrowConvolution(table, microKernels))
    try registry.register(NarrowDense(table, microKernels))
  }
}
