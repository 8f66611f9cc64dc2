import HostPlatform
import LayerKernels

/// A problem with random inputs and parameters, the same ones every time, and the result that is right for them.
struct ProblemSetting {
  let inputs: [Tensor]
  let parameters: any Sendable
  let expected: Tensor

  /// Asks the first kernel of the oracle that applies.
  init(_ problem: any LayerProblem, oracle: KernelRegistry, clock: some MonotonicClock) throws {
    var random = RandomSource(seed: 0x5EED)
    let inputs = problem.randomInputs(from: &random)
    let parameters = problem.drawParameters(from: &random)
    let run = try CandidateRun(
      oracle.defaultCandidate(for: problem), parameters: parameters, inputs: inputs, team: ThreadTeam(threads: 1))
    _ = run.run(clock: clock)
    self.inputs = inputs
    self.parameters = parameters
    expected = run.result()
  }
}

extension LayerProblem {
  /// Parameters whose type only the problem knows.
  fileprivate func drawParameters(from random: inout RandomSource) -> any Sendable { randomParameters(from: &random) }
}
