import CKernelPlugin
import LayerKernels

/// The function pointers of a C kernel, those that have to be there known to be there.
struct CKernelFunctions: @unchecked Sendable {
  // @unchecked Sendable: addresses of functions, which the header demands may be called by several threads.

  let applies: @convention(c) (UnsafePointer<luthier_problem>?, UnsafeMutablePointer<CChar>?, Int) -> Int32
  let configurationCount: (@convention(c) (UnsafePointer<luthier_problem>?) -> Int32)?
  let configuration: (@convention(c) (UnsafePointer<luthier_problem>?, Int32, UnsafeMutablePointer<Int64>?) -> Void)?
  let prepare:
    @convention(c) (
      UnsafePointer<luthier_problem>?, UnsafePointer<Int64>?, UnsafePointer<Float>?, UnsafePointer<Float>?
    ) -> UnsafeMutableRawPointer?
  let workspaceSize: (@convention(c) (UnsafeRawPointer?, Int32) -> Int64)?
  let phaseCount: (@convention(c) (UnsafeRawPointer?) -> Int32)?
  let run: @convention(c) (UnsafeRawPointer?, UnsafePointer<luthier_run_arguments>?) -> Void
  let destroy: @convention(c) (UnsafeMutableRawPointer?) -> Void
}

/// What a C kernel says of itself.
struct CKernelFacts: Sendable {
  let identifier: KernelIdentifier
  let version: Int
  let layout: TensorLayout
  let errorClass: ErrorClass
  let efficiency: Double
  let parameterNames: [String]
}

/// A C kernel as the library sees it.
struct CKernel<Problem: CDescribedProblem>: LayerKernel {
  let facts: CKernelFacts
  let functions: CKernelFunctions

  /// The most configurations that are asked for.
  private static var maximumConfigurationCount: Int { 4096 }
  private static var reasonCapacity: Int { 256 }

  var identifier: KernelIdentifier { facts.identifier }
  var version: Int { facts.version }

  func applicability(to problem: Problem) -> Applicability {
    guard problem.outputStep == 0 else { return .refused("the interface has no words for rounded outputs") }
    var description = problem.cDescription
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: Self.reasonCapacity) { reason in
      reason.initialize(repeating: 0)
      if functions.applies(&description, reason.baseAddress, reason.count - 1) != 0 { return .applies }
      reason[reason.count - 1] = 0
      let text = reason.baseAddress.map { PluginText(copying: $0, limit: Self.reasonCapacity).line } ?? ""
      return .refused(text.isEmpty ? "gives no reason" : text)
    }
  }

  func expectedEfficiency(for problem: Problem) -> Double { facts.efficiency }

  func configurations(for problem: Problem) -> [KernelConfiguration] {
    guard let configurationCount = functions.configurationCount, let configuration = functions.configuration else {
      return [KernelConfiguration()]
    }
    var description = problem.cDescription
    let count = min(max(Int(configurationCount(&description)), 0), Self.maximumConfigurationCount)
    return (0..<count).map { index in
      var values = [Int64](repeating: 0, count: facts.parameterNames.count)
      configuration(&description, Int32(index), &values)
      return KernelConfiguration(
        Dictionary(zip(facts.parameterNames, values.map(Int.init)), uniquingKeysWith: { first, _ in first }))
    }
  }

  func layouts(for problem: Problem, configuration: KernelConfiguration) -> OperandLayouts {
    OperandLayouts(all: facts.layout, inputCount: problem.inputShapes.count)
  }

  func errorClass(for problem: Problem, configuration: KernelConfiguration) -> ErrorClass { facts.errorClass }

  func prepare(
    _ problem: Problem, configuration: KernelConfiguration, parameters: Problem.Parameters
  ) throws -> any PreparedKernel {
    func refuse(_ reason: String) -> KernelError {
      .invalidConfiguration(kernel: identifier, configuration: configuration, reason: reason)
    }
    // A database may hold any numbers; the plugin sees only its own.
    guard configurations(for: problem).contains(configuration) else {
      throw refuse("the plugin does not offer it for '\(problem.key)'")
    }
    let values = facts.parameterNames.map { Int64(configuration[$0] ?? 0) }
    let constants = Problem.constants(of: parameters)
    var description = problem.cDescription
    let prepared = constants.withPointers { weights, bias in
      functions.prepare(&description, values, weights, bias)
    }
    guard let prepared else { throw refuse("the plugin's prepare returned NULL for '\(problem.key)'") }
    return try CPreparedKernel(prepared, functions, inputCount: problem.inputShapes.count, refuse: refuse)
  }
}

/// A C kernel with its packed weights.
private final class CPreparedKernel: PreparedKernel, @unchecked Sendable {
  // @unchecked Sendable: the pointer is set once and freed by deinit alone; the header demands that functions which take it
  // may be called by several threads.
  private let prepared: UnsafeMutableRawPointer
  private let functions: CKernelFunctions
  private let inputCount: Int
  let phaseCount: Int

  /// The most scratch memory that a kernel may ask for: as many bytes as the largest tensor has.
  private static let maximumWorkspaceSize = TensorShape.maximumElementCount * MemoryLayout<Float>.stride
  private static let maximumPhaseCount = 1024

  init(
    _ prepared: UnsafeMutableRawPointer, _ functions: CKernelFunctions, inputCount: Int,
    refuse: (String) -> KernelError
  ) throws(KernelError) {
    self.prepared = prepared
    self.functions = functions
    self.inputCount = inputCount
    phaseCount = Int(functions.phaseCount?(prepared) ?? 1)
    // From here on deinit frees what the plugin made, whatever is thrown.
    guard (1...Self.maximumPhaseCount).contains(phaseCount) else {
      throw refuse("the plugin gives it \(phaseCount) phases; allowed are 1 to \(Self.maximumPhaseCount)")
    }
    let size = functions.workspaceSize?(prepared, 1) ?? 0
    guard (0...Int64(Self.maximumWorkspaceSize)).contains(size) else {
      throw refuse("the plugin asks for \(size) bytes of workspace; allowed are 0 to \(Self.maximumWorkspaceSize)")
    }
  }

  deinit { functions.destroy(prepared) }

  func workspaceSize(workers: Int) -> Int {
    let size = functions.workspaceSize?(prepared, Int32(clamping: workers)) ?? 0
    return Int(min(max(size, 0), Int64(Self.maximumWorkspaceSize)))
  }

  func run(_ operands: LayerOperands, phase: Int, worker: Worker) {
    // On the stack: two operands and a residual are the most that an operation of the interface reads.
    withUnsafeTemporaryAllocation(of: UnsafePointer<Float>?.self, capacity: 3) { inputs in
      for index in 0..<3 {
        inputs.initializeElement(
          at: index, to: index < inputCount ? UnsafePointer(operands.inputs[index].base) : nil)
      }
      var arguments = luthier_run_arguments(
        inputs: inputs.baseAddress, output: operands.output.base, workspace: operands.workspace, phase: Int32(phase),
        worker: Int32(worker.index), worker_count: Int32(worker.count))
      functions.run(prepared, &arguments)
    }
  }
}
