/// Who imports which operator. A program that knows more operators copies the standard registry and registers into the copy.
///
/// ```swift
/// var operators = ONNXOperatorRegistry.standard
/// operators.register("Mish", domain: "my.domain") { node, graph in
///   [try graph.add(MishProblem(graph.required(0, of: node).shape), [graph.required(0, of: node)], for: node)]
/// }
/// let graph = try model.graph(operators: operators)
/// ```
public struct ONNXOperatorRegistry: Sendable {
  /// Turns a node into layers and movements, and gives the values of its outputs in order.
  public typealias Importer = @Sendable (ONNXNode, inout GraphImporter) throws -> [ImportedValue]

  private var importers: [String: Importer] = [:]

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

  /// The standard operators that are known, alphabetically.
  public var operatorNames: [String] {
    importers.keys.filter { $0.hasPrefix("/") }.map { String($0.dropFirst()) }.sorted()
  }

  /// The operators that Luthier imports.
  public static let standard: ONNXOperatorRegistry = {
    var registry = ONNXOperatorRegistry()
    registry.registerConvolutions()
    registry.registerPooling()
    registry.registerProducts()
    registry.registerElementwise()
    registry.registerMovements()
    registry.registerResize()
    registry.registerConstants()
    return registry
  }()
}
