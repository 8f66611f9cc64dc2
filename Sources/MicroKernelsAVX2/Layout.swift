import MicroKernels

/// The functions on rows, planes and pixels.
@export(interface)
public func avx2PlaneFunctions() -> PlaneFunctionTable {
  PlaneFunctionTable(
    lanes: 8, elementwise: MicroKernelFunction { elementwiseRow(AVX2.self, $0) },
    reduction: MicroKernelFunction { reducePlanes(AVX2.self, LaneCount<8>.self, $0) },
    softmax: MicroKernelFunction { softmax(AVX2.self, $0) },
    normalization: MicroKernelFunction { normalizeLines(AVX2.self, $0) },
    gates: MicroKernelFunction { stepGates(AVX2.self, $0) },
    transpose: MicroKernelFunction { transpose(AVX2.self, LaneCount<8>.self, $0) },
    poolPlanes: MicroKernelFunction { poolPlanes(AVX2.self, $0) },
    poolPixels: MicroKernelFunction { poolPixels(AVX2.self, $0) })
}
