import Autotuner
import Foundation
import LayerKernels
import Luthier
import Testing

@Suite("Threads that measure are pinned")
struct PinningTests {
  /// Which cores each thread was allowed on while it ran.
  final class Seen: Sendable {
    let cores = Lock<[UInt: Set<[Int]>]>([:])
  }

  struct WatchingRelu: LayerKernel {
    let identifier: KernelIdentifier = "test.watching"
    let version = 1
    let seen: Seen

    func applicability(to problem: ElementwiseProblem) -> Applicability {
      problem.function == .unary(.relu) ? .applies : .refused("is no ReLU")
    }

    func prepare(
      _ problem: ElementwiseProblem, configuration: KernelConfiguration, parameters: NoParameters
    ) throws -> any PreparedKernel {
      Prepared(count: problem.outputShape.elementCount, seen: seen)
    }

    struct Prepared: PreparedKernel {
      let count: Int
      let seen: Seen

      func run(_ operands: LayerOperands, phase: Int, worker: Worker) {
        for index in worker.share(of: count) { operands.output.base[index] = max(operands.input.base[index], 0) }
        let cores = Affinity.current.cores
        // By thread: one that has no core in time has its share done by another.
        let thread = UInt(pthread_self())
        seen.cores.withLock { _ = $0[thread, default: []].insert(cores) }
      }
    }
  }

  @Test(
    "Each thread stays on a core of its own while a problem is tuned, and is free again afterwards", arguments: [1, 2])
  func pinned(threads: Int) throws {
    guard Affinity.current.cores.count >= threads else {
      try Test.cancel("there are fewer cores than \(threads) threads")
    }
    let seen = Seen()
    var registry = KernelRegistry()
    try registry.register(WatchingRelu(seen: seen))
    let before = Affinity.current
    _ = try ProblemTuner(
      registry: registry, oracle: try KernelRegistry.standard().filter { $0.family == "reference" },
      clock: SystemClock(), options: TuningOptions(effort: .quick)
    ).tune(
      ElementwiseProblem(.relu, shape: TensorShape([1, 4, 8, 8])), threads: threads, cancellation: Cancellation(),
      report: { _ in })
    let found = seen.cores.withLock { $0 }
    #expect((1...threads).contains(found.count))
    #expect(found.values.allSatisfy { $0.count == 1 && $0.first?.count == 1 })
    #expect(Set(found.values.flatMap { $0 }).count == found.count)
    #expect(Affinity.current == before)
  }
}
