import Foundation
import Testing

/// One run of `tune` or `luthier`, as a user would start it.
struct ProgramRun {
  let status: Int32
  let output: String
  let errors: String

  /// Runs a program that was built beside the tests.
  ///
  /// - Parameters:
  ///   - prefix: a command that starts the program, such as `taskset -c 0`.
  ///   - interruption: a signal that the program gets after some seconds.
  init(
    _ program: String, _ arguments: [String], environment: [String: String] = [:], folder: URL? = nil,
    behind prefix: [String] = [], interruption: (signal: Int32, after: TimeInterval)? = nil, timeout: TimeInterval = 240
  ) throws {
    let process = Process()
    let line = prefix + [try Self.products().appendingPathComponent(program).path] + arguments
    process.executableURL = URL(fileURLWithPath: line[0])
    process.arguments = Array(line.dropFirst())
    var variables = ProcessInfo.processInfo.environment
    // A user's own database must not decide a test.
    variables["LUTHIER_TUNING_DB"] = nil
    variables["XDG_DATA_HOME"] = NSTemporaryDirectory() + "no-such-data-folder"
    for (name, value) in environment { variables[name] = value }
    process.environment = variables
    if let folder { process.currentDirectoryURL = folder }
    let output = Pipe()
    let errors = Pipe()
    process.standardOutput = output
    process.standardError = errors
    process.standardInput = FileHandle.nullDevice
    try process.run()
    if let interruption {
      let identifier = process.processIdentifier
      DispatchQueue.global().asyncAfter(deadline: .now() + interruption.after) { kill(identifier, interruption.signal) }
    }
    let watchdog = DispatchWorkItem { process.terminate() }
    DispatchQueue.global().asyncAfter(deadline: .now() + timeout, execute: watchdog)
    // Both pipes are drained at once: a full one would stop the program.
    let collected = Collected()
    let group = DispatchGroup()
    DispatchQueue.global().async(group: group) { collected.errors = errors.fileHandleForReading.readDataToEndOfFile() }
    collected.output = output.fileHandleForReading.readDataToEndOfFile()
    group.wait()
    process.waitUntilExit()
    watchdog.cancel()
    self.output = String(decoding: collected.output, as: UTF8.self)
    self.errors = String(decoding: collected.errors, as: UTF8.self)
    // A signal is told from an exit code, so that a crash is never taken for an error.
    status = process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
  }

  /// Written by one queue each, read after both are done.
  private final class Collected: @unchecked Sendable {
    var output = Data()
    var errors = Data()
  }

  /// The folder of the built programs: that of the test bundle.
  static func products() throws -> URL {
    var folder = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent()
    for _ in 0..<6 {
      if FileManager.default.isExecutableFile(atPath: folder.appendingPathComponent("tune").path) { return folder }
      folder.deleteLastPathComponent()
    }
    throw MissingProducts()
  }

  struct MissingProducts: Error, CustomStringConvertible {
    var description: String { "the programs were not built beside the tests" }
  }

  /// The output as a JSON object.
  func object() throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any])
  }
}

/// A folder that is removed when the test ends.
final class TemporaryFolder {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory.appendingPathComponent("luthier-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  /// The path of a new folder of that name.
  func folder(_ name: String) throws -> String {
    let folder = url.appendingPathComponent(name)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
    return folder.path
  }

  /// The path of a file of that name, written with the given bytes if there are any.
  func file(_ name: String, _ bytes: Data? = nil) throws -> String {
    let file = url.appendingPathComponent(name)
    if let bytes { try bytes.write(to: file) }
    return file.path
  }
}

/// The root of the checkout and, beside it, the models that developers share; users do not have them.
enum Checkout {
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()
  static let models = root.deletingLastPathComponent().appendingPathComponent("shared/models")
  static let hasModels = FileManager.default.fileExists(atPath: models.path)

  static func text(_ path: String) throws -> String {
    try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
  }

  /// The folder of the documentation's articles.
  static let articles = "Sources/LuthierLibrary/Documentation.docc"

  static func article(_ name: String) throws -> String { try text("\(articles)/\(name).md") }
}
