public import HostPlatform
import LayerKernels
public import Network

extension ModelProgram {
  /// How long a step of a program took.
  public enum StepTime: Sendable {
    /// A network of layers, with the nanoseconds of each.
    case network(CompiledNetwork, layers: [Int64])
    /// An operator over tensors; of those with graphs of their own the whole.
    case tensorOperator(node: String, operatorName: String, nanoseconds: Int64)
  }

  /// Runs the program once and gives the time of each step, in the order in which they ran; what is planned only while the program runs
  /// is a part of it.
  ///
  /// Each network runs twice: once for its results, once for its layers' times.
  ///
  /// - Throws: as ``run(_:)``.
  public func profile(_ tensors: [TypedTensor], clock: some MonotonicClock) throws -> [StepTime] {
    let timer = StepTimer(clock: clock)
    _ = try run(tensors, timer: timer)
    return timer.times
  }
}

/// Notes the time of each step of one run.
final class StepTimer {
  private let clock: any MonotonicClock
  private(set) var times: [ModelProgram.StepTime] = []

  init(clock: any MonotonicClock) { self.clock = clock }

  func now() -> Int64 { clock.now() }

  func add(_ network: CompiledNetwork, _ inputs: [Tensor]) throws {
    times.append(.network(network, layers: try Self.layers(network, inputs, clock)))
  }

  func add(_ step: ProgramPlan.OperatorStep, since start: Int64) {
    times.append(
      .tensorOperator(node: step.name, operatorName: step.definition.name, nanoseconds: clock.now() - start))
  }

  private static func layers(
    _ network: CompiledNetwork, _ inputs: [Tensor], _ clock: some MonotonicClock
  ) throws -> [Int64] { try network.makeContext().profile(inputs, clock: clock) }
}
