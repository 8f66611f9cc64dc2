import DecomposedKernels
import LayerKernels
import Testing

@Suite("Kernels that are made of others")
struct ComposedVersionTests {
  private struct Part<Problem: LayerProblem>: LayerKernel {
    let identifier: KernelIdentifier
    let version: Int

    init(_ name: KernelIdentifier, _ type: Problem.Type, version: Int) {
      identifier = name
      self.version = version
    }

    func applicability(to problem: Problem) -> Applicability { .refused("is for its version only") }

    func prepare(
      _ problem: Problem, configuration: KernelConfiguration, parameters: Problem.Parameters
    ) throws -> any PreparedKernel {
      throw KernelError.notApplicable(kernel: identifier, problem: problem.key, reason: "is for its version only")
    }
  }

  /// The versions of the composed kernels over parts of the given versions.
  private func versions(
    convolution: Int = 1, dense: Int = 1, elementwise: Int = 1, pooling: Int = 1
  ) throws -> [String: Int] {
    var registry = KernelRegistry()
    try registry.register(Part("part.convolution", ConvolutionProblem.self, version: convolution))
    try registry.register(Part("part.dense", MatrixMultiplyProblem.self, version: dense))
    try registry.register(Part("part.elementwise", ElementwiseProblem.self, version: elementwise))
    try registry.register(Part("part.pooling", PoolingProblem.self, version: pooling))
    try registerDecomposedKernels(in: &registry)
    let composed = registry.allKernels.filter { $0.family == "decomposed" }
    return Dictionary(composed.map { ($0.identifier.name, $0.version) }, uniquingKeysWith: { first, _ in first })
  }

  @Test("have another version when a part has, and none when none of theirs has")
  func follow() throws {
    let before = try versions()
    #expect(before.count == 7)
    func changed(_ after: [String: Int]) -> Set<String> {
      Set(before.keys.filter { before[$0] != after[$0] })
    }
    let overConvolutions: Set = [
      "decomposed.pointwise", "decomposed.spatial", "decomposed.channel", "decomposed.epilogue", "decomposed.pair",
      "decomposed.convolution-pooling",
    ]
    #expect(try changed(versions(convolution: 2)) == overConvolutions)
    #expect(try changed(versions(dense: 2)) == ["decomposed.dense"])
    #expect(try changed(versions(elementwise: 2)) == ["decomposed.epilogue"])
    #expect(try changed(versions(pooling: 2)) == ["decomposed.convolution-pooling"])
    #expect(try changed(versions()) == [])
  }
}
