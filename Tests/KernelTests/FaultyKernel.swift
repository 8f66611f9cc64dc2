import LayerKernels
import Synchronization

/// A ReLU over planes with one thing wrong.
struct FaultyKernel: LayerKernel {
  enum Fault: CaseIterable {
    case none
    case writesSlack
    case writesPastTheSlack
    case writesBeforeThePlane
    case readsSlack
    case readsBesideThePlane
    case wrongTail
    case forgetsTheLastRow
    case forgetsTheLastPlaneOfSeveralWorkers
    case expectsPlanesInOrder
    case isNotDeterministic
    case dependsOnTheOrderOfWorkers
    case overrunsTheWorkspace
    case writesBeforeTheWorkspace
    case readsTheWorkspace
    case changesTheInput
    case swallowsNotANumber
    case losesInfinity
    case mixesPlanes
    case scribblesOnItsInput
    case needsAlignment
    case spoilsTheLastPlaneWhenWorkersAreMany
    case isSlightlyOff
    case hasNoPhases
    case asksForANegativeWorkspace
    case refusesItsOwnConfiguration
    case declaresTooManyInputs
    case acceptsForeignConfigurations
    case throwsAForeignError
    case refusesWithoutAReason
    case offersNothing
    case offersTwice
    case expectsNothing
  }

  struct ForeignError: Error {}

  var fault: Fault
  var configurationCount = 1
  var claimedError: ErrorClass = .exact()
  let identifier: KernelIdentifier = "faulty.relu"
  let version = 1

  func applicability(to problem: ElementwiseProblem) -> Applicability {
    if fault == .refusesWithoutAReason { return .refused("") }
    return problem.function == .unary(.relu) && problem.outputShape.rank == 4
      ? .applies : .refused("is no ReLU of planes")
  }

  func expectedEfficiency(for problem: ElementwiseProblem) -> Double { fault == .expectsNothing ? .nan : 0.5 }

  func configurations(for problem: ElementwiseProblem) -> [KernelConfiguration] {
    switch fault {
    case .offersNothing: []
    case .offersTwice: [["m": 1], ["m": 1]]
    default: (1...configurationCount).map { ["m": $0] }
    }
  }

  func layouts(for problem: ElementwiseProblem, configuration: KernelConfiguration) -> OperandLayouts {
    OperandLayouts(
      all: fault == .needsAlignment ? .rowMajor : .planeList, inputCount: fault == .declaresTooManyInputs ? 2 : 1)
  }

  func errorClass(for problem: ElementwiseProblem, configuration: KernelConfiguration) -> ErrorClass { claimedError }

  func prepare(
    _ problem: ElementwiseProblem, configuration: KernelConfiguration, parameters: NoParameters
  ) throws -> any PreparedKernel {
    let allowed = fault == .refusesItsOwnConfiguration ? 100...101 : 1...configurationCount
    switch fault {
    case .acceptsForeignConfigurations where configuration["m"] == 0:
      return PreparedFaultyKernel(fault: .wrongTail, shape: problem.outputShape)
    case .throwsAForeignError where configuration["m"] != 1: throw ForeignError()
    default: _ = try configuration.value("m", in: allowed, of: identifier)
    }
    return PreparedFaultyKernel(fault: fault, shape: problem.outputShape)
  }
}

private struct PreparedFaultyKernel: PreparedKernel {
  let fault: FaultyKernel.Fault
  let shape: TensorShape
  private static let runCount = Atomic<Int>(0)

  func workspaceSize(workers: Int) -> Int { fault == .asksForANegativeWorkspace ? -1 : 64 }

  var phaseCount: Int { fault == .hasNoPhases ? 0 : 1 }

  func run(_ operands: LayerOperands, phase: Int, worker: Worker) {
    if fault == .needsAlignment { return runAligned(operands, worker) }
    let planes = shape[0] * shape[1]
    if fault == .scribblesOnItsInput { negateInput(operands, worker) }
    for plane in share(of: planes, worker) { run(operands, plane: plane) }
    if fault == .scribblesOnItsInput { negateInput(operands, worker) }
    let workspace = operands.workspace.assumingMemoryBound(to: Float.self)
    switch fault {
    case .isNotDeterministic:
      let run = Self.runCount.wrappingAdd(1, ordering: .relaxed).newValue
      operands.output.plane(0)[0] *= 1 + 1e-6 * Float(run % 2)
    case .dependsOnTheOrderOfWorkers:
      // The first worker passes the others a number within one phase.
      if worker.index == 0 { workspace[0] = 1 }
      operands.output.plane(planes - 1)[0] *= workspace[0]
    case .overrunsTheWorkspace: workspace[16] = 0
    case .writesBeforeTheWorkspace: workspace[-1] = 0
    case .readsTheWorkspace: operands.output.plane(0)[3] = workspace[2]
    case .spoilsTheLastPlaneWhenWorkersAreMany: if worker.count > planes { operands.output.plane(planes - 1)[0] = -1 }
    case .changesTheInput: operands.input.plane(1)[2] += 1
    default: break
    }
  }

  /// Takes the elements from the boundary before the first one.
  private func runAligned(_ operands: LayerOperands, _ worker: Worker) {
    let base = UnsafeMutableRawPointer(operands.input.base)
    let distance = UInt(bitPattern: base) % UInt(AlignedMemory.alignment)
    let source = (base - Int(distance)).assumingMemoryBound(to: Float.self)
    for index in worker.share(of: shape.elementCount) { operands.output.base[index] = relu(source[index]) }
  }

  /// Keeps its intermediate results where the input is; the second call puts the input back.
  private func negateInput(_ operands: LayerOperands, _ worker: Worker) {
    for plane in worker.share(of: shape[0] * shape[1]) {
      for index in 0..<shape[2] * shape[3] { operands.input.plane(plane)[index].negate() }
    }
  }

  private func share(of planes: Int, _ worker: Worker) -> Range<Int> {
    guard fault == .forgetsTheLastPlaneOfSeveralWorkers else { return worker.share(of: planes) }
    let part = planes / worker.count
    return worker.index * part..<(worker.index + 1) * part
  }

  private func run(_ operands: LayerOperands, plane: Int) {
    let size = shape[2] * shape[3]
    let slack = AlignedMemory.paddedCount(size)
    let source = operands.input.plane(plane)
    var target = operands.output.plane(plane)
    if fault == .expectsPlanesInOrder { target = operands.output.plane(0) + plane * slack }
    let count = fault == .forgetsTheLastRow ? size - shape[3] : size
    let sign: Float = fault == .scribblesOnItsInput ? -1 : 1
    for index in 0..<count { target[index] = relu(sign * source[index]) }
    switch fault {
    case .writesSlack: for index in size..<slack { target[index] = 0 }
    case .writesPastTheSlack: target[slack] = 0
    case .writesBeforeThePlane: target[-1] = 0
    case .readsSlack: target[size - 1] = source[size - 1] + source[size]
    case .readsBesideThePlane: target[size - 1] = source[size - 1] + source[slack]
    case .wrongTail: for index in size - size % 8..<size { target[index] = source[index] - 1 }
    case .isSlightlyOff: target[0] += 0.01
    case .mixesPlanes:
      let other = operands.input.plane((plane + 1) % (shape[0] * shape[1]))
      for index in 0..<count { target[index] += 0 * other[index] }
    default: break
    }
  }

  private func relu(_ x: Float) -> Float {
    if x.isNaN { return fault == .swallowsNotANumber ? 0 : x }
    if x.isInfinite, fault == .losesInfinity { return .greatestFiniteMagnitude }
    return max(x, 0)
  }
}
