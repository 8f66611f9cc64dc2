import LayerKernels

/// Registers the reference kernel of every operation: the definitions, in 64-bit arithmetic.
///
/// Every other kernel is checked against them. They are slow, but they apply to every problem, so that a registry with
/// this family alone runs any network.
///
/// - Throws: ``KernelError/duplicateIdentifier(_:)`` when they are registered already.
public func registerReferenceKernels(in registry: inout KernelRegistry) throws(KernelError) {
  try registry.register(ReferenceConvolution())
  try registry.register(ReferencePair<PointwiseDepthwiseProblem>())
  try registry.register(ReferencePair<ConvolutionPoolingProblem>())
  try registry.register(ReferencePooling())
  try registry.register(ReferenceMatrixMultiply())
  try registry.register(ReferenceElementwise())
  try registry.register(ReferenceElementwiseChain())
  try registry.register(ReferenceSoftmax())
  try registry.register(ReferenceNormalization())
  try registry.register(ReferenceRecurrent())
  try registry.register(ReferenceResize())
  try registry.register(ReferenceMean())
  try registry.register(ReferenceRearrangement())
  try registry.register(ReferenceLayoutConversion())
}

/// What every reference kernel expects of itself: less than any other.
let referenceEfficiency = 0.001

/// The error of a 64-bit result rounded to 32 bits, relative to the largest output magnitude, with room to spare.
let referenceErrorClass = ErrorClass.exact(tolerance: 1e-6)
