import MicroKernels

/// The functions on rows, planes and pixels.
@export(interface)
public func avx512PlaneFunctions() -> PlaneFunctionTable {
  PlaneFunctionTable(
    lanes: 16, elementwise: MicroKernelFunction { elementwiseRow(AVX512.self, $0) },
    reduction: MicroKernelFunction { reducePlanes(AVX512.self, LaneCount<16>.self, $0) },
    softmax: MicroKernelFunction { softmax(AVX512.self, $0) },
    normalization: MicroKernelFunction { normalizeLines(AVX512.self, $0) },
    gates: MicroKernelFunction { stepGates(AVX512.self, $0) },
    transpose: MicroKernelFunction { transpose(AVX512.self, LaneCount<16>.self, $0) },
    poolPlanes: MicroKernelFunction { poolPlanes(AVX512.self, $0) },
    poolPixels: MicroKernelFunction { poolPixels(AVX512.self, $0) })
}
