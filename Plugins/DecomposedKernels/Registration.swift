public import LayerKernels

/// Registers the low-rank kernels and what others fuse, apart; their parts are solved by what is registered already.
///
/// - Throws: ``KernelError/duplicateIdentifier(_:)`` when they are registered already.
public func registerDecomposedKernels(in registry: inout KernelRegistry) throws(KernelError) {
  let parts = registry
  for form in DecomposedConvolution.Form.allCases {
    try registry.register(DecomposedConvolution(form, parts: parts))
  }
  try registry.register(DecomposedDense(parts: parts))
  try registry.register(SeparateEpilogue(parts: parts))
  try registry.register(
    SeparatePair(PointwiseDepthwiseProblem.self, identifier: "decomposed.pair", parts: parts))
  try registry.register(
    SeparatePair(ConvolutionPoolingProblem.self, identifier: "decomposed.convolution-pooling", parts: parts))
}
