import HostPlatform
import KernelConformance
import LayerKernels
import MicroKernels
import StandardKernels
import Testing

/// What only a thorough tuning considers is as right as what every tuning tries.
@Suite("Further configurations")
struct FurtherConfigurationTests {
  private static let conformance = Result { try KernelConformance(checksNotANumber: true) }

  static func problems() throws -> [any LayerProblem] {
    [
      try ConvolutionProblem(
        batch: 1, inputChannels: 70, input: .init(9), outputChannels: 37, window: WindowGeometry(kernel: .init(1)),
        epilogue: Epilogue(bias: true, activation: .relu)),
      try ConvolutionProblem(
        batch: 1, inputChannels: 20, input: .init(19), outputChannels: 33,
        window: WindowGeometry(kernel: .init(3), pads: .init(1)), epilogue: Epilogue(bias: true)),
      try MatrixMultiplyProblem(rows: 37, depth: 45, columns: 70, hasConstantWeights: true),
    ]
  }

  @Test("Every one agrees with the 64-bit reference on every instruction set", arguments: 0..<3)
  func conform(problem index: Int) throws {
    let problem = try Self.problems()[index]
    var count = 0
    for instructionSet in InstructionSet.supported(on: .current) {
      let registry = try KernelRegistry.standard(microKernels: MicroKernelSet(instructionSet))
      for candidate in registry.furtherCandidates(for: problem) {
        let report = try Self.conformance.get().check(candidate)
        if !report.isConforming { Issue.record(Comment(rawValue: report.description)) }
        count += 1
      }
    }
    #expect(count > 20)
  }

  @Test("None is among those that every tuning tries, and a pointwise convolution has hundreds")
  func large() throws {
    let registry = try KernelRegistry.standard()
    let problem = try Self.problems()[0]
    let usual = Set(registry.candidates(for: problem).map(\.name))
    let further = registry.furtherCandidates(for: problem).map(\.name)
    #expect(Set(further).count == further.count)
    #expect(usual.isDisjoint(with: further))
    #expect(further.count > 100)
  }
}
