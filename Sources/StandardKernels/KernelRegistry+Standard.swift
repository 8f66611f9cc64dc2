import DecomposedKernels
import DirectKernels
import HostPlatform
import Im2colKernels
public import LayerKernels
public import MicroKernels
import ReducedArithmeticKernels
import ReducedWeightKernels
import ReferenceKernels
import WinogradKernels

#if OpenBLAS
  import OpenBLASKernels
#endif
#if OneDNN
  import OneDNNKernels
#endif
#if XNNPACK
  import XNNPACKKernels
#endif

extension KernelRegistry {
  /// Every kernel that comes with Luthier, on the micro-kernels of the instruction set that ``InstructionSet/chosen(environment:on:)``
  /// names.
  ///
  /// - Throws: ``InstructionSetError`` when `LUTHIER_ISA` names a set that is unknown or that the processor lacks.
  public static func standard() throws -> KernelRegistry {
    try standard(microKernels: MicroKernelSet(InstructionSet.chosen()))
  }

  /// Every kernel that comes with Luthier, on the given micro-kernels. Of equal expectations the one further up runs.
  ///
  /// - Throws: ``KernelError/duplicateIdentifier(_:)`` never, unless two kernels here share a name.
  public static func standard(microKernels: MicroKernelSet) throws(KernelError) -> KernelRegistry {
    var registry = KernelRegistry()
    try registerDirectKernels(in: &registry, microKernels: microKernels)
    try registerIm2colKernels(in: &registry, microKernels: microKernels)
    try registerWinogradKernels(in: &registry, microKernels: microKernels)
    try registerReferenceKernels(in: &registry)
    #if OpenBLAS
      try registerOpenBLASKernels(in: &registry, microKernels: microKernels)
    #endif
    #if OneDNN
      try registerOneDNNKernels(in: &registry, microKernels: microKernels)
    #endif
    #if XNNPACK
      try registerXNNPACKKernels(in: &registry, microKernels: microKernels)
    #endif
    try registerDecomposedKernels(in: &registry)
    try registerReducedWeightKernels(in: &registry, microKernels: microKernels)
    try registerReducedArithmeticKernels(in: &registry, microKernels: microKernels)
    return registry
  }
}
