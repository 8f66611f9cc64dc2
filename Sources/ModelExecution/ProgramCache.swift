public import LayerKernels
public import TensorOperators

/// The programs of one model, one for each set of input types that was met, the latest few kept.
public final class ProgramCache: Sendable {
  /// Plans a model for inputs of the given types.
  public typealias Planner = @Sendable ([TensorType]) throws -> ProgramPlan

  /// How many programs are kept.
  public static let capacity = 8

  private let planner: Planner
  private let compiler: ModelProgram.Compiler
  /// The latest last.
  private let programs = Lock<[(types: [TensorType], program: ModelProgram)]>([])

  /// A cache that is empty.
  public init(compiler: @escaping ModelProgram.Compiler, planner: @escaping Planner) {
    self.planner = planner
    self.compiler = compiler
  }

  /// The program for inputs of the given types, planned now if it was not met lately.
  ///
  /// - Throws: what planning and compiling throw.
  public func program(for types: [TensorType]) throws -> ModelProgram {
    let found = programs.withLock { programs -> ModelProgram? in
      guard let position = programs.lastIndex(where: { $0.types == types }) else { return nil }
      let entry = programs.remove(at: position)
      programs.append(entry)
      return entry.program
    }
    if let found { return found }
    // Without the lock: two callers may plan the same, but nobody waits for a plan of other types.
    return try keep(planner(types), for: types)
  }

  /// Compiles a plan that has been made for inputs of the given types, and keeps the program.
  ///
  /// - Throws: what compiling throws.
  @discardableResult
  public func keep(_ plan: consuming ProgramPlan, for types: [TensorType]) throws -> ModelProgram {
    let program = try ModelProgram(plan, compiler: compiler)
    programs.withLock { programs in
      if programs.contains(where: { $0.types == types }) { return }
      if programs.count == Self.capacity { programs.removeFirst() }
      programs.append((types, program))
    }
    return program
  }

  /// Runs the program for inputs of these types.
  ///
  /// - Throws: what planning, compiling and running throw.
  public func run(_ tensors: [TypedTensor]) throws -> [TypedTensor] {
    try program(for: tensors.map { TensorType($0) }).run(tensors)
  }
}
