import HostPlatform
import LayerKernels
import Synchronization

/// Binds the chosen candidates of a plan to their weights, on all threads that the network has.
///
/// Packing is most of what loading takes, and each layer's is its own.
enum Preparation {
  /// The prepared kernel of each step. The plan's weights are gone afterwards: kernels have their own, or keep what they need.
  ///
  /// - Throws: what the first step, in the order of the plan, throws.
  static func kernels(
    of plan: inout NetworkPlan, threads: Int, packing: Packing
  ) throws -> [any PreparedKernel] {
    // The largest weights first: while they are packed they are in memory twice, and little else is there yet.
    let sizes = plan.steps.map { WeightsDigest.weights(of: $0.parameters)?.shape.elementCount ?? 0 }
    let names = plan.steps.map(\.name)
    let order = sizes.indices.sorted { (sizes[$1], $0) < (sizes[$0], $1) }
    let results = Lock([Result<any PreparedKernel, any Error>?](repeating: nil, count: sizes.count))
    // Filled afterwards: a lock keeps what it was made of, and nothing may keep the weights.
    let steps = Lock<[Step]>([])
    steps.withLock {
      $0 = order.map { Step(index: $0, candidate: plan.steps[$0].choice.candidate, plan.steps[$0].parameters) }
    }
    for index in plan.steps.indices { plan.steps[index].parameters = NoParameters() }
    let next = Atomic(0)

    @Sendable func work() {
      while true {
        let place = next.wrappingAdd(1, ordering: .relaxed).oldValue
        guard place < order.count, let step = steps.withLock({ $0[place].taken() }) else { return }
        let result = Result {
          switch packing {
          case .bound(let weights):
            return try weights.prepare(
              .init(name: names[step.index], operation: type(of: step.candidate.problem).operation), step.candidate,
              step.parameters)
          case .packed:
            return try pack(step.candidate, step.parameters, elements: sizes[step.index])
          case .recorded(let record):
            let recorder = PackedBlockRecorder()
            let kernel = try recorder.record {
              try pack(step.candidate, step.parameters, elements: sizes[step.index])
            }
            record.note(recorder.weights, ofStep: step.index)
            return kernel
          }
        }
        results.withLock { $0[step.index] = result }
      }
    }
    if threads > 1, order.count > 1 {
      try ThreadTeam(threads: min(threads, order.count)).run { _ in work() }
    } else {
      work()
    }
    return try results.withLock { try $0.compactMap { try $0?.get() } }
  }

  /// A kernel that packs its weights itself.
  ///
  /// - Parameter elements: those of its weights.
  private static func pack(
    _ candidate: Candidate, _ parameters: any Sendable, elements: Int
  ) throws -> any PreparedKernel {
    try checkMemory(elements: elements, of: parameters)
    return try PackedWeights.sharing { try candidate.prepare(parameters: parameters) }
  }

  /// Where the process has a limit on its address space: what packing takes besides packed weights has no way out of an allocation
  /// that fails.
  ///
  /// A filter of 3×3 that Winograd's largest tile transforms has 64 elements for 9; other weights are packed one to one, beside
  /// some padding. Weights below a megabyte are not looked at, because without much in memory the program itself would not run.
  private static func checkMemory(elements: Int, of parameters: any Sendable) throws(CompilationError) {
    let filter = (parameters as? ConvolutionParameters)?.filter.shape
    let growth = filter.map { $0[2] * $0[3] > 1 ? 8 : 2 } ?? 2
    let bytes = elements * MemoryLayout<Float>.stride
    guard bytes >= 1 << 20, let left = MemoryLimit.remainingAddressSpace() else { return }
    guard bytes <= left / growth else { throw .weightsMemory(needed: growth * bytes, limit: left) }
  }

  /// A step whose weights leave with whoever prepares it.
  private struct Step {
    let index: Int
    let candidate: Candidate
    private var parameters: (any Sendable)?

    init(index: Int, candidate: Candidate, _ parameters: any Sendable) {
      self.index = index
      self.candidate = candidate
      self.parameters = parameters
    }

    mutating func taken() -> (index: Int, candidate: Candidate, parameters: any Sendable)? {
      defer { parameters = nil }
      return parameters.map { (index, candidate, $0) }
    }
  }
}
