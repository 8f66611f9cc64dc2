import Luthier
import Presentation

/// What `luthier inspect` prints of a compiled network, wherever it was compiled.
struct CompiledDescription: Encodable {
  struct Port: Encodable {
    let name: String
    let sizes: [Int]
  }

  let name: String
  let library: String
  let host: PlatformFingerprint
  let inputs: [Port]
  let threads: Int
  let max_error: Double
  /// Bytes that are mapped.
  let weights_bytes: Int

  /// - Throws: ``CompiledFileError`` when the file is damaged, its weights too.
  init(_ path: String) throws {
    let file = try CompiledFile(path: path, host: .current())
    try file.checkWeights()
    let identity = file.identity
    name = identity.network
    library = identity.library
    host = identity.host
    inputs = identity.inputs.map { Port(name: $0.name, sizes: $0.shape.dimensions) }
    threads = identity.threads
    max_error = identity.allowedError
    weights_bytes = file.weightsSize
  }

  var text: String {
    let ports = inputs.map { "\($0.name) \($0.sizes.map(String.init).joined(separator: "x"))" }
    let lines = [
      "\(name): compiled by Luthier \(library) for \(host.name), \(threads) \(threads == 1 ? "thread" : "threads")"
        + (max_error > 0 ? ", an error up to \(Float(max_error))" : ""),
      "inputs: \(ports.joined(separator: ", "))",
      "weights: \(weights_bytes) bytes, as they were written",
    ]
    return lines.map { $0.withoutControls() }.joined(separator: "\n")
  }
}
