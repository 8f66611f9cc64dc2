#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import Foundation

/// A version of a model in the repository's folder.
package struct ModelSource: Hashable, Sendable {
  package let name: String
  package let version: Int
  /// The ONNX or compiled file.
  package let file: String
  /// Its configuration; nil where there is none.
  package let configuration: String?
  /// The folder that paths in the configuration are relative to.
  package let folder: String

  /// Whether the file is a compiled network, whose profile and sizes are in it.
  var isCompiled: Bool { file.hasSuffix(".luthier") }

  /// What changes when any of these files is replaced.
  func stamp(with others: [String]) -> [FileStamp?] {
    ([file, configuration].compactMap { $0 } + others).map { FileStamp($0) }
  }
}

/// A file at a moment: which it is, how large, and when it was written.
struct FileStamp: Hashable, Sendable {
  private let numbers: [Int]

  init?(_ path: String) {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    #if canImport(Glibc)
      let time = status.st_mtim
    #else
      let time = status.st_mtimespec
    #endif
    numbers = [Int(status.st_dev), Int(status.st_ino), Int(status.st_size), time.tv_sec, time.tv_nsec]
  }
}

/// A folder of models: `NAME/VERSION/model.onnx`, `NAME/model.onnx` or `NAME.onnx`, and compiled networks by the same names with
/// `.luthier`, which go before.
package struct ModelFolder: Sendable {
  package let path: String

  package init(path: String) { self.path = path }

  /// What is wrong with an entry of the folder.
  package struct Complaint: Hashable, Sendable {
    package let name: String
    package let reason: String
  }

  /// What is in the folder now.
  ///
  /// - Throws: ``ModelFolderError`` when it cannot be read.
  package func scan() throws(ModelFolderError) -> (sources: [ModelSource], complaints: [Complaint]) {
    var sources: [ModelSource] = []
    var complaints: [Complaint] = []
    for entry in try entries(of: path) {
      let place = "\(path)/\(entry)"
      if isFolder(place) {
        let found = try versions(of: entry, in: place)
        if found.isEmpty {
          complaints.append(Complaint(name: entry, reason: "there is no model.onnx or model.luthier in \(place)"))
        }
        sources += found
      } else if let name = ["luthier", "onnx"].compactMap({ stem(of: entry, ending: $0) }).first {
        let isShadowed = entry.hasSuffix(".onnx") && isFile("\(path)/\(name).luthier")
        guard !isShadowed, !isFolder("\(path)/\(name)") else { continue }
        let configuration = "\(path)/\(name).json"
        sources.append(
          ModelSource(
            name: name, version: 1, file: place, configuration: isFile(configuration) ? configuration : nil,
            folder: path))
      }
    }
    return (sources, complaints)
  }

  private func versions(of name: String, in folder: String) throws(ModelFolderError) -> [ModelSource] {
    let configuration = isFile("\(folder)/config.json") ? "\(folder)/config.json" : nil
    func source(_ version: Int, in place: String) -> ModelSource? {
      guard let file = ["model.luthier", "model.onnx"].map({ "\(place)/\($0)" }).first(where: isFile) else {
        return nil
      }
      return ModelSource(name: name, version: version, file: file, configuration: configuration, folder: folder)
    }
    let numbered = try entries(of: folder).compactMap { entry -> ModelSource? in
      // "01" would be another folder of the same number.
      guard let version = Int(entry), version > 0, "\(version)" == entry else { return nil }
      return source(version, in: "\(folder)/\(entry)")
    }
    return numbered.isEmpty ? source(1, in: folder).map { [$0] } ?? [] : numbered
  }

  private func entries(of folder: String) throws(ModelFolderError) -> [String] {
    do {
      return try FileManager.default.contentsOfDirectory(atPath: folder).filter { !$0.hasPrefix(".") }.sorted()
    } catch {
      throw ModelFolderError(path: folder)
    }
  }

  private func stem(of file: String, ending: String) -> String? {
    file.hasSuffix(".\(ending)") ? String(file.dropLast(ending.count + 1)) : nil
  }

  private func isFolder(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
  }

  private func isFile(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && !isFolder.boolValue
  }
}

/// A folder that cannot be read.
package struct ModelFolderError: Error, Hashable, CustomStringConvertible {
  package let path: String
  package var description: String { "the folder of models \(path.quoted) cannot be read; --models names it" }
}
