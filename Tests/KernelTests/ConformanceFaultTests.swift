import KernelConformance
import LayerKernels
import Testing

/// A fault and the words that its report has to contain.
struct ExpectedSentence: Sendable, CustomTestStringConvertible {
  let fault: FaultyKernel.Fault
  let sentence: String

  init(_ fault: FaultyKernel.Fault, _ sentence: String) {
    self.fault = fault
    self.sentence = sentence
  }

  var testDescription: String { "\(fault)" }

  static let all: [ExpectedSentence] = [
    ExpectedSentence(.writesPastTheSlack, "output: memory was written 1 elements past the end of a plane's slack"),
    ExpectedSentence(.writesBeforeThePlane, "output: memory was written 1 elements before a plane"),
    ExpectedSentence(.readsSlack, "5 of 175 elements were made from the slack after a plane"),
    ExpectedSentence(.readsBesideThePlane, "5 of 175 elements were made from memory beside an operand"),
    ExpectedSentence(.wrongTail, "15 of 175 elements differ from the reference"),
    ExpectedSentence(.wrongTail, "(all within [0, 0…4, 4, 4…6] of 1x5x5x7)"),
    ExpectedSentence(.forgetsTheLastRow, "35 of 175 elements were never written"),
    ExpectedSentence(.forgetsTheLastRow, "(all within [0, 0…4, 4, 0…6] of 1x5x5x7)"),
    ExpectedSentence(.forgetsTheLastPlaneOfSeveralWorkers, "with 2 workers, 35 of 175 elements were never written"),
    ExpectedSentence(.expectsPlanesInOrder, "never written"),
    ExpectedSentence(.isNotDeterministic, "is not deterministic"),
    ExpectedSentence(.dependsOnTheOrderOfWorkers, "depends on the order in which its 2 workers run"),
    ExpectedSentence(.overrunsTheWorkspace, "the workspace of 64 bytes was overrun: byte 64 was written"),
    ExpectedSentence(.writesBeforeTheWorkspace, "bytes before the workspace"),
    ExpectedSentence(
      .readsTheWorkspace, "element [0, 0, 0, 3] was made from workspace that was not written in this run"),
    ExpectedSentence(.changesTheInput, "input 0: the input was changed"),
    ExpectedSentence(
      .swallowsNotANumber,
      "a NaN among the inputs does not reach the output: 1 of 175 elements, the first [0, 2, 2, 3], are finite"),
    ExpectedSentence(.losesInfinity, "an infinity among the inputs does not reach the output: 1 of 175 elements"),
    ExpectedSentence(.mixesPlanes, "a NaN among the inputs spreads: 1 of 175 elements, the first [0, 1, 2, 3]"),
    ExpectedSentence(.mixesPlanes, "an infinity among the inputs spreads: 1 of 175 elements, the first [0, 1, 2, 3]"),
    ExpectedSentence(.scribblesOnItsInput, "with inputs that share memory, 140 of 175 elements differ"),
    ExpectedSentence(.needsAlignment, "with dense operands 5 elements past a 64-byte boundary, 132 of 175 elements"),
    ExpectedSentence(.needsAlignment, "5 of 175 elements were made from memory beside an operand"),
    ExpectedSentence(.spoilsTheLastPlaneWhenWorkersAreMany, "with 7 workers, element [0, 4, 0, 0] differs"),
    ExpectedSentence(.isSlightlyOff, "5 of 175 elements differ from the reference, most [0,"),
    ExpectedSentence(.hasNoPhases, "has 0 phases"),
    ExpectedSentence(.asksForANegativeWorkspace, "asks for a workspace of -1 bytes"),
    ExpectedSentence(.refusesItsOwnConfiguration, "prepare refuses a configuration that the kernel offers"),
    ExpectedSentence(.declaresTooManyInputs, "declares 2 input layouts, but the problem has 1 inputs"),
    ExpectedSentence(.acceptsForeignConfigurations, "accepts configuration 'm=0', but 15 of 175 elements differ"),
    ExpectedSentence(.throwsAForeignError, "with a ForeignError instead of a KernelError"),
    ExpectedSentence(.refusesWithoutAReason, "without a reason"),
    ExpectedSentence(.offersNothing, "offers no configuration"),
    ExpectedSentence(.offersTwice, "offers a configuration twice"),
    ExpectedSentence(.expectsNothing, "expects an efficiency of nan"),
  ]
}

@Suite("The conformance kit")
struct ConformanceFaultTests {
  private func reports(_ kernel: FaultyKernel) throws -> [ConformanceReport] {
    let problem = ElementwiseProblem(.relu, shape: try TensorShape([1, 5, 5, 7]))
    return try KernelConformance().check(kernel, problems: [problem])
  }

  @Test("finds each fault and says what it is", arguments: ExpectedSentence.all)
  func findsFault(_ expected: ExpectedSentence) throws {
    let issues = try reports(FaultyKernel(fault: expected.fault)).flatMap(\.issues)
    #expect(issues.contains { $0.contains(expected.sentence) }, "\(issues)")
  }

  @Test("has a sentence for every fault of the list")
  func coversEveryFault() {
    let covered = Set(ExpectedSentence.all.map(\.fault)).union([.none, .writesSlack])
    #expect(covered == Set(FaultyKernel.Fault.allCases))
  }

  @Test("finds nothing wrong with what is allowed", arguments: [FaultyKernel.Fault.none, .writesSlack])
  func acceptsTheCorrect(_ fault: FaultyKernel.Fault) throws {
    let reports = try reports(FaultyKernel(fault: fault, configurationCount: 3))
    #expect(reports.count == 4)
    #expect(reports.allSatisfy { $0.isConforming }, "\(reports)")
    #expect(reports.allSatisfy { $0.maximumError == 0 })
  }

  @Test("holds an approximate kernel to the error it states, and only reports one that states none")
  func judgesByTheErrorClass() throws {
    func verdict(_ claim: ErrorClass) throws -> ConformanceReport? {
      try reports(FaultyKernel(fault: .isSlightlyOff, claimedError: claim)).last
    }
    let generous = try #require(try verdict(.approximate(relativeError: 0.02)))
    #expect(generous.isConforming)
    #expect(abs(generous.maximumError - 0.01) < 0.002)
    #expect(try verdict(.approximate(relativeError: 0.005))?.isConforming == false)
    #expect(try verdict(.approximate(relativeError: nil))?.isConforming == true)
    #expect(try verdict(.exact(tolerance: 0.02))?.isConforming == true)
  }

  @Test("says that a problem is unknown to the reference instead of checking nothing")
  func needsAReference() throws {
    let problem = ElementwiseProblem(.relu, shape: try TensorShape([1, 5, 5, 7]))
    let conformance = try KernelConformance(reference: KernelRegistry())
    #expect(throws: KernelError.noKernel(problem: problem.key, reasons: [])) {
      try conformance.check(FaultyKernel(fault: .none), problems: [problem])
    }
  }

  @Test("a kernel that applies to no problem does not pass unnoticed")
  func noticesThatNothingWasChecked() throws {
    let reports = try KernelConformance().check(
      FaultyKernel(fault: .none), problems: [ElementwiseProblem(.tanh, shape: .scalar)])
    #expect(reports.count == 1)
    #expect(reports[0].issues == ["applies to none of the 1 problems"])
    #expect(reports[0].description == "faulty.relu: applies to none of the 1 problems")
  }

  @Test("under a limit the first configuration is checked everywhere and each one somewhere")
  func limitsConfigurations() throws {
    let problems = try [[1, 5, 5, 7], [2, 3, 1, 1], [1, 1, 4, 4]].map {
      ElementwiseProblem(.relu, shape: try TensorShape($0))
    }
    let kernel = FaultyKernel(fault: .none, configurationCount: 10)
    let reports = try KernelConformance(configurationLimit: 2).check(kernel, problems: problems)
    let checked = reports.filter { $0.problem != nil }
    #expect(Set(checked.map(\.candidate)) == Set((1...10).map { "faulty.relu m=\($0)" }))
    for problem in problems {
      #expect(checked.contains { $0.problem == problem.key && $0.candidate == "faulty.relu m=1" })
      #expect(checked.count { $0.problem == problem.key } >= 2)
    }
    #expect(checked.count == 12)
  }
}
