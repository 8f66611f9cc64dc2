import Foundation
import HostPlatform
import KernelConformance
import LayerKernels
import MicroKernels
import StandardKernels
import Testing

/// A kernel of the standard registry on one instruction set.
struct KernelUnderTest: Sendable, CustomTestStringConvertible {
  let instructionSet: InstructionSet
  let kernel: any LayerKernel

  var testDescription: String { "\(kernel.identifier) on \(instructionSet.rawValue)" }

  /// Whether it is of the widest instruction set here.
  var isNative: Bool { instructionSet == Self.instructionSets.last }

  var operation: String { Self.operation(of: kernel) }

  private static func operation<Kernel: LayerKernel>(of kernel: Kernel) -> String { Kernel.Problem.operation }

  /// Thread Sanitizer makes a run some thirty times as slow, and looks only at what the workers do at the same time.
  static let isThreadSanitized = dlsym(nil, "__tsan_init") != nil

  /// Those that run here. How workers share a problem, none of them decides.
  private static let instructionSets = InstructionSet.supported(on: .current).suffix(isThreadSanitized ? 1 : .max)

  /// Every kernel of Luthier's own on every instruction set; the reference kernels, which use none, once.
  static let all: [KernelUnderTest] = instructionSets.flatMap { instructionSet in
    let registry = try? KernelRegistry.standard(microKernels: MicroKernelSet(instructionSet))
    return (registry?.allKernels ?? [])
      .filter { instructionSet == instructionSets.first || $0.family != "reference" }
      .filter { registry?.origin(of: $0) == .program }
      .map { KernelUnderTest(instructionSet: instructionSet, kernel: $0) }
  }
}

@Suite("The standard kernels")
struct ConformanceStandardTests {
  /// One for all tests: they share the references.
  private static let conformance = Result {
    KernelUnderTest.isThreadSanitized
      ? try KernelConformance(workers: [3], checksNotANumber: false, checksInfinity: false, configurationLimit: 1)
      : try KernelConformance()
  }

  @Test("every kernel in every configuration agrees with the 64-bit reference", arguments: KernelUnderTest.all)
  func conforms(_ subject: KernelUnderTest) throws {
    func check<Kernel: LayerKernel>(_ kernel: Kernel) throws {
      try judge(kernel, on: ConformanceProblems.problems(of: Kernel.Problem.self))
    }
    try check(subject.kernel)
  }

  @Test(
    "and on random sizes, windows, strides, padding and groups",
    arguments: KernelUnderTest.all.filter { ["convolution", "pooling"].contains($0.operation) })
  func conformsAtRandom(_ subject: KernelUnderTest) throws {
    func check<Kernel: LayerKernel>(_ kernel: Kernel) throws {
      try judge(kernel, on: ConformanceProblems.random(of: Kernel.Problem.self, count: 300, seed: 2))
    }
    try check(subject.kernel)
  }

  @Test("No window is too long", arguments: KernelUnderTest.all.filter(\.isNative))
  func longWindows(_ subject: KernelUnderTest) throws {
    let conformance = try KernelConformance(
      workers: [3], checksNotANumber: false, checksInfinity: false, configurationLimit: 1)
    func check<Kernel: LayerKernel>(_ kernel: Kernel) throws {
      let problems = try ConformanceProblems.problems(of: Kernel.Problem.self).filter { problem in
        let window = (problem as? PoolingProblem)?.window ?? (problem as? ConvolutionProblem)?.window
        return window.map { $0.kernel.height * $0.kernel.width > 1000 } ?? false
      }
      guard problems.contains(where: { kernel.applicability(to: $0).isApplicable }) else { return }
      let reports = try conformance.check(kernel, problems: problems)
      for report in reports.filter({ !$0.isConforming }).prefix(8) {
        Issue.record(Comment(rawValue: report.description))
      }
    }
    try check(subject.kernel)
  }

  private func judge<Kernel: LayerKernel>(_ kernel: Kernel, on problems: [Kernel.Problem]) throws {
    try Self.conformance.get().expectConformance(of: kernel, on: problems)
  }

  @Test("there are problems for every operation of the registry, and kernels for every operation of the problems")
  func registryCoversEveryOperation() throws {
    let registry = try KernelRegistry.standard()
    let operations = Set(try ConformanceProblems.all().map { type(of: $0).operation })
    #expect(Set(registry.operationNames) == operations)
  }

  @Test(
    "every instruction set that runs here registers the same kernels, and those of narrow numbers that it has tiles for"
  )
  func sameKernelsEverywhere() throws {
    let families = ["int8", "bf16"]
    var names: Set<[KernelIdentifier]> = []
    for instructionSet in InstructionSet.supported(on: .current) {
      let set = MicroKernelSet(instructionSet)
      let kernels = try KernelRegistry.standard(microKernels: set).allKernels.map(\.identifier)
      names.insert(kernels.filter { !families.contains($0.family) })
      let narrow = Set(kernels.map(\.family).filter(families.contains))
      #expect(narrow.contains("int8"))
      #expect(narrow.count == Set(set.dotTables.values.map(\.format.isInteger)).count)
    }
    #expect(names.count == 1)
  }
}

extension KernelConformance {
  /// Records what is wrong with a kernel on a list of problems.
  func expectConformance<Kernel: LayerKernel>(of kernel: Kernel, on problems: [Kernel.Problem]) throws {
    let reports = try check(kernel, problems: problems)
    #expect(reports.count > 1, "\(kernel.identifier) was checked on nothing")
    let issues = reports.filter { !$0.isConforming }
    for report in issues.prefix(8) { Issue.record(Comment(rawValue: report.description)) }
    #expect(issues.count <= 8, "\(issues.count) of \(reports.count) candidates of \(kernel.identifier) do not conform")
  }
}
