import LayerKernels
import MicroKernels

extension ReducedWeights {
  /// Why a kernel does not apply where an instruction set has no tiles of its type.
  static func noTiles(of type: any WeightElement.Type) -> String {
    "this instruction set has no tiles with weights in \(type.type)"
  }

  /// Says of weights that a type does not hold that the kernel does not apply to them.
  static func refusing<Result>(
    _ kernel: KernelIdentifier, _ problem: some LayerProblem, _ body: () throws -> Result
  ) throws -> Result {
    do { return try body() } catch let error as WeightRangeError {
      throw KernelError.notApplicable(kernel: kernel, problem: problem.key, reason: error.description)
    }
  }
}
