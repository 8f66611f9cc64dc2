import LayerKernels
import TensorOperators

/// What is the same for all parts of a model while it is planned: versions, functions and who knows which operator.
struct ModelScope: Sendable {
  /// The model's name.
  let name: String
  /// The version of each domain.
  let opsets: [String: Int]
  /// The functions that the model defines, by domain, name and overload.
  let functions: [String: Onnx_FunctionProto]
  let operators: ONNXOperatorRegistry

  /// The version of a domain; `ai.onnx` and the empty domain are one.
  func opset(of domain: String) -> Int { opsets[domain == "ai.onnx" ? "" : domain] ?? opsets[""] ?? 1 }

  func function(for node: Onnx_NodeProto) -> Onnx_FunctionProto? {
    functions[Self.key(node.domain, node.opType, node.overload)]
  }

  /// As this scope, with the versions that a function asks for.
  func within(_ function: Onnx_FunctionProto) -> ModelScope {
    ModelScope(
      name: name, opsets: Self.opsets(of: function.opsetImport).merging(opsets) { mine, _ in mine },
      functions: functions, operators: operators)
  }

  static func key(_ domain: String, _ name: String, _ overload: String) -> String { "\(domain)/\(name)/\(overload)" }

  static func opsets(of imports: [Onnx_OperatorSetIdProto]) -> [String: Int] {
    var versions: [String: Int] = [:]
    for entry in imports {
      let domain = entry.domain == "ai.onnx" ? "" : entry.domain
      versions[domain] = max(versions[domain] ?? 0, Int(clamping: entry.version))
    }
    return versions
  }
}
