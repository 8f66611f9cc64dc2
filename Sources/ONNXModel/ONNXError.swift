import LayerKernels

/// Why an ONNX file could not be read or written.
public enum ONNXError: Error, Equatable, CustomStringConvertible {
  /// A file cannot be opened or read.
  case unreadable(path: String, reason: String)
  /// A file is larger than the limit, in bytes.
  case tooLarge(name: String, bytes: Int, limit: Int)
  /// The bytes are no ONNX model or tensor.
  case malformed(name: String, reason: String)
  /// A tensor's data do not fit its shape, or its type is none that is read.
  case tensor(name: String, reason: String)
  /// An operator that nobody imports, or a form of it.
  case unsupported(node: String, operatorName: String, opset: Int, reason: String)
  /// A node whose inputs or attributes do not fit together.
  case node(name: String, operatorName: String, reason: String)
  /// The graph is not one: cycles, values that nobody writes, names that are written twice.
  case graph(reason: String)
  /// An input's sizes are not known.
  case openInput(name: String, shape: String)
  /// The model is more than one graph of layers: some of its operators are computed between layers.
  case notOneGraph(name: String, operators: [String])
  /// A size was asked for where the model fixes another; the input is nil where none has such a size.
  case fixedSize(input: String?, what: String, fixed: String, asked: String)
  /// A file cannot be written; what was there before is intact.
  case unwritable(path: String, reason: String)

  /// Whether the file was not there or could not be read.
  public var isMissingFile: Bool {
    if case .unreadable = self { true } else { false }
  }

  /// One line that names the file, the node or the tensor, and the way out.
  public var description: String { message.asSingleLine }

  private var message: String {
    switch self {
    case .unreadable(let path, let reason): "cannot read the model \(path): \(reason)"
    case .tooLarge(let name, let bytes, let limit): "\(name) is \(bytes) bytes long; at most \(limit) are read"
    case .malformed(let name, let reason): "\(name) is no ONNX file that can be read: \(reason)"
    case .tensor(let name, let reason): "tensor '\(name)': \(reason)"
    case .unsupported(let node, let operatorName, let opset, let reason):
      "node '\(node)' (\(operatorName), opset \(opset)) is not supported: \(reason)"
    case .node(let name, let operatorName, let reason): "node '\(name)' (\(operatorName)): \(reason)"
    case .graph(let reason): "the model's graph is malformed: \(reason)"
    case .openInput(let name, let shape):
      "input '\(name)' is \(shape): give the sizes that the model leaves open (--input-size, --batch)"
    case .notOneGraph(let name, let operators):
      "\(name) is not one graph of layers, because kernels do not compute \(operators.prefix(5).joined(separator: ", "))"
        + "\(operators.count > 5 ? " and \(operators.count - 5) more" : operators.isEmpty ? "all of it" : "")"
        + "; 'luthier run' and 'luthier bench' run such models"
    case .fixedSize(let input?, let what, let fixed, let asked):
      "input '\(input)' has \(what) \(fixed), which the model fixes; \(asked) was asked for: leave it out, or export the model with open sizes"
    case .fixedSize(nil, let what, _, let asked): "no input has \(what) that \(asked) could be; leave it out"
    case .unwritable(let path, let reason): "cannot write \(path): \(reason); name a folder that can be written"
    }
  }
}
