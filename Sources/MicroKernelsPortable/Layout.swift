import MicroKernels

/// The functions on rows, planes and pixels.
@export(interface)
public func portablePlaneFunctions() -> PlaneFunctionTable {
  PlaneFunctionTable(
    lanes: 4, elementwise: MicroKernelFunction { elementwiseRow(Portable.self, $0) },
    reduction: MicroKernelFunction { reducePlanes(Portable.self, LaneCount<4>.self, $0) },
    softmax: MicroKernelFunction { softmax(Portable.self, $0) },
    normalization: MicroKernelFunction { normalizeLines(Portable.self, $0) },
    gates: MicroKernelFunction { stepGates(Portable.self, $0) },
    transpose: MicroKernelFunction { transpose(Portable.self, LaneCount<4>.self, $0) },
    poolPlanes: MicroKernelFunction { poolPlanes(Portable.self, $0) },
    poolPixels: MicroKernelFunction { poolPixels(Portable.self, $0) })
}
