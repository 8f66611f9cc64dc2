import Autotuner
import Luthier

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A worker whose registry has kernels that misbehave, for the tests of the tuner's isolation: one of each kind, besides the
/// reference.
@main
enum Program {
  static func main() throws {
    let oracle = try KernelRegistry.standard().filter { $0.family == "reference" }
    var registry = oracle
    for fault in MisbehavingRelu.Fault.allCases { try registry.register(MisbehavingRelu(fault: fault)) }
    TuningWorker.serve(registry: registry, oracle: oracle)
  }
}

/// A ReLU that does something that it must not.
struct MisbehavingRelu: LayerKernel {
  enum Fault: String, CaseIterable {
    case none, crashes, hangs, hoards, overruns, underruns, scribbles, isNaN = "nan", crashesLater = "crashes-later"
  }

  let fault: Fault
  let version = 1

  var identifier: KernelIdentifier { KernelIdentifier("faulty.\(fault.rawValue)") }

  func applicability(to problem: ElementwiseProblem) -> Applicability {
    problem.function == .unary(.relu) ? .applies : .refused("is no ReLU")
  }

  func prepare(
    _ problem: ElementwiseProblem, configuration: KernelConfiguration, parameters: NoParameters
  ) throws -> any PreparedKernel {
    if fault == .hoards {
      var hoard: [UnsafeMutableRawPointer] = []
      while let memory = malloc(64 << 20) {
        memset(memory, 1, 64 << 20)
        hoard.append(memory)
      }
      abort()
    }
    return Prepared(count: problem.outputShape.elementCount, fault: fault)
  }

  struct Prepared: PreparedKernel {
    let count: Int
    let fault: Fault
    nonisolated(unsafe) static var runs = 0

    func run(_ operands: LayerOperands, phase: Int, worker: Worker) {
      if fault == .crashesLater {
        Self.runs += 1
        // The first run is looked at, two more say whether it is near the best and may race: nothing is as quick as nothing,
        // however busy the machine is.
        if Self.runs > 4 { kill(getpid(), SIGBUS) }
        if Self.runs > 1 { return }
      }
      let (input, output) = (operands.input.base, operands.output.base)
      for index in worker.share(of: count) { output[index] = max(input[index], 0) }
      guard worker.index == 0 else { return }
      switch fault {
      case .crashes:
        let text = "some words before\nthe last words\n"
        _ = write(2, text, text.utf8.count)
        kill(getpid(), SIGSEGV)
      case .hangs: while true { usleep(1000) }
      case .overruns: for index in count..<(count + 4096) { output[index] = 1 }
      case .underruns: for index in 1...4096 { output[-index] = 1 }
      case .scribbles: output[count + 20] = 1
      case .isNaN: output[0] = .nan
      case .none, .hoards, .crashesLater: break
      }
    }
  }
}
