#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import FoundationEssentials
import LayerKernels

/// Tensors whose data lie in files beside the model, as PyTorch's exporter writes them.
///
/// A model comes from somebody else, so no path in it leads outside its folder: absolute paths, `..`, devices and hard links are
/// refused. A symbolic link counts by where it leads, which has to be in the folder that was given or in that of the real model
/// file: caches of model hubs link both files to where their contents are (ONNX, "External Data", security notes).
final class ExternalData {
  /// The folders that files may really lie in.
  private let folders: [String]
  private let folder: String
  private var files: [String: MappedFile] = [:]

  /// The largest file of weights that is read, in bytes.
  static let maximumFileSize = 1 << 36

  /// The data beside a model's file.
  init(beside path: String) {
    folder = Self.folder(of: path)
    folders = [Self.realPath(folder), Self.realPath(path).map { Self.folder(of: $0) }].compactMap { $0 }
  }

  /// The bytes of a tensor.
  ///
  /// - Throws: ``ONNXError/tensor(name:reason:)`` that says what is wrong with where they are said to be.
  func raw(of tensor: Onnx_TensorProto) throws(ONNXError) -> RawData {
    func wrong(_ reason: String) -> ONNXError { .tensor(name: tensor.name, reason: reason) }
    var entries: [String: String] = [:]
    for entry in tensor.externalData { entries[entry.key] = entry.value }
    guard let location = entries["location"], !location.isEmpty else {
      throw wrong("its data are in another file, but it does not say in which")
    }
    let file = try self.file(location, wrong)
    func number(_ key: String) throws(ONNXError) -> Int? {
      guard let text = entries[key] else { return nil }
      guard let value = Int(text), value >= 0 else { throw wrong("the \(key) of its data is '\(text)'") }
      return value
    }
    let offset = try number("offset") ?? 0
    guard offset <= file.bytes.count else {
      throw wrong("its data begin at byte \(offset) of '\(location)', which has \(file.bytes.count)")
    }
    let length = try number("length") ?? file.bytes.count - offset
    guard length <= file.bytes.count - offset else {
      throw wrong("its data of \(length) bytes leave '\(location)', which has \(file.bytes.count)")
    }
    return RawData(bytes: UnsafeRawBufferPointer(rebasing: file.bytes[offset..<offset + length]), owner: file)
  }

  /// Moves the data of tensors among the attributes of nodes into their messages: they are few and small.
  ///
  /// - Throws: ``ONNXError/tensor(name:reason:)``.
  func embed(in nodes: inout [Onnx_NodeProto]) throws(ONNXError) {
    for node in nodes.indices {
      for index in nodes[node].attribute.indices {
        let attribute = nodes[node].attribute[index]
        if attribute.hasT { nodes[node].attribute[index].t = try embedded(attribute.t) }
        if attribute.hasG {
          var graph = attribute.g
          try embed(in: &graph.node)
          for position in graph.initializer.indices {
            graph.initializer[position] = try embedded(graph.initializer[position])
          }
          nodes[node].attribute[index].g = graph
        }
      }
    }
  }

  private func embedded(_ tensor: Onnx_TensorProto) throws(ONNXError) -> Onnx_TensorProto {
    guard tensor.dataLocation == .external else { return tensor }
    var copy = tensor
    copy.rawData = Data(try raw(of: tensor).bytes)
    copy.dataLocation = .default
    copy.externalData = []
    return copy
  }

  private func file(_ location: String, _ wrong: (String) -> ONNXError) throws(ONNXError) -> MappedFile {
    if let file = files[location] { return file }
    guard !location.hasPrefix("/"), !location.utf8.contains(0) else {
      throw wrong("its data are at '\(location)', which is no path within the model's folder")
    }
    guard !location.split(separator: "/").contains("..") else {
      throw wrong("its data are at '\(location)', which leads out of the model's folder")
    }
    let path = "\(folder)/\(location)"
    guard let real = Self.realPath(path) else {
      throw wrong("its data are in '\(location)', which is not beside the model")
    }
    guard folders.contains(where: { real.hasPrefix($0 == "/" ? $0 : $0 + "/") }) else {
      throw wrong("its data are at '\(location)', which is a link that leads out of the model's folder")
    }
    let file: MappedFile
    do {
      file = try MappedFile(real, limit: Self.maximumFileSize, isOnlyName: true)
    } catch { throw wrong("its data are in '\(location)': \(error)") }
    files[location] = file
    return file
  }

  private static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  private static func realPath(_ path: String) -> String? {
    guard let real = realpath(path, nil) else { return nil }
    defer { free(real) }
    return String(cString: real)
  }
}
