public import LayerKernels

/// Who imports which operator, and what operations of other packages are exported as. A program that knows more operators
/// copies the standard registry and registers into the copy.
///
/// ```swift
/// var operators = ONNXOperatorRegistry.standard
/// operators.register("Mish", domain: "my.domain") { node, graph in
///   let input = try graph.required(0, of: node)
///   return [try graph.add(MishProblem(input.shape), [input], for: node)]
/// }
/// operators.registerExport(of: MishProblem.self) { _, _ in ONNXOperator("Mish", domain: "my.domain") }
/// let graph = try model.graph(operators: operators)
/// ```
///
/// `Deployment.operators` takes it where a model is loaded by its path.
public struct ONNXOperatorRegistry: Sendable {
  /// Turns a node into layers and movements, and gives the values of its outputs in order.
  public typealias Importer = @Sendable (ONNXNode, inout GraphImporter) throws -> [ImportedValue]

  private var importers: [String: Importer] = [:]
  private var exporters: [String: @Sendable (any LayerProblem, any Sendable) throws -> ONNXOperator?] = [:]

  /// A registry that knows nothing.
  public init() {}

  /// Adds an operator's importer in place of any that is there.
  public mutating func register(_ operatorName: String, domain: String = "", importer: @escaping Importer) {
    importers["\(domain)/\(operatorName)"] = importer
  }

  /// The importer of an operator; `ai.onnx` and the empty domain are one.
  public func importer(domain: String, operatorName: String) -> Importer? {
    importers["\(domain == "ai.onnx" ? "" : domain)/\(operatorName)"]
  }

  /// Says how the layers of an operation that the library does not know are written; in place of what is there.
  ///
  /// - Parameter exporter: gives a layer's operator from its problem and its parameters.
  public mutating func registerExport<Problem: LayerProblem>(
    of operation: Problem.Type, exporter: @escaping @Sendable (Problem, Problem.Parameters) throws -> ONNXOperator
  ) {
    exporters[Problem.operation] = { problem, parameters in
      guard let problem = problem as? Problem, let parameters = parameters as? Problem.Parameters else { return nil }
      return try exporter(problem, parameters)
    }
  }

  /// A layer as an operator; nil when nobody exports it or its parameters are of another operation.
  ///
  /// - Throws: what the exporter throws.
  func exported(_ problem: some LayerProblem, _ parameters: any Sendable) throws -> ONNXOperator? {
    try exporters[type(of: problem).operation]?(problem, parameters)
  }

  /// Adds everything that another registry knows, in place of what is there under the same name.
  public mutating func add(_ other: ONNXOperatorRegistry) {
    importers.merge(other.importers) { $1 }
    exporters.merge(other.exporters) { $1 }
  }

  /// The standard operators that are known, alphabetically.
  public var operatorNames: [String] {
    importers.keys.filter { $0.hasPrefix("/") }.map { String($0.dropFirst()) }.sorted()
  }

  /// The operators that Luthier imports.
  public static let standard: ONNXOperatorRegistry = {
    var registry = ONNXOperatorRegistry()
    registry.registerConvolutions()
    registry.registerTransposedConvolutions()
    registry.registerPooling()
    registry.registerProducts()
    registry.registerElementwise()
    registry.registerNormalizations()
    registry.registerRecurrences()
    registry.registerMovements()
    registry.registerResize()
    registry.registerIdentities()
    registry.registerQuantization()
    return registry
  }()
}
