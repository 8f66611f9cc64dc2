import ArgumentParser
import Autotuner

/// What a candidate may take before it is disqualified.
struct WorkerLimits: ParsableArguments {
  @Option(help: "Seconds that a candidate may take to be prepared and checked, or to run once.")
  var stepLimit = 30.0

  @Option(help: "MiB of address space that the process in which candidates run may take beyond its program.")
  var memoryLimit = 4096

  func validate() throws {
    guard (0.1...3600).contains(stepLimit) else {
      throw ValidationError("--step-limit is \(stepLimit); allowed are 0.1 to 3600.")
    }
    guard (256...(1 << 20)).contains(memoryLimit) else {
      throw ValidationError("--memory-limit is \(memoryLimit); allowed are 256 to 1048576.")
    }
  }

  var limits: IsolatedProblemTuner.Limits {
    IsolatedProblemTuner.Limits(secondsPerStep: stepLimit, memory: memoryLimit << 20)
  }
}
