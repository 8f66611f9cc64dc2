import Foundation
import Logging
import Luthier
import NIOCore
import Synchronization
import Testing

@testable import InferenceServer

/// A server of this process on ports that were free.
struct TestServer: Sendable {
  let ports: InferenceServer.Ports
  let folder: String

  func get(_ path: String, headers: [String: String] = [:]) async throws -> Answer {
    try await request("GET", path, headers: headers, port: ports.http)
  }

  func post(_ path: String, headers: [String: String] = [:], body: [UInt8] = []) async throws -> Answer {
    try await request("POST", path, headers: headers, body: body, port: ports.http)
  }

  func post(_ path: String, json: String, headers: [String: String] = [:]) async throws -> Answer {
    try await post(path, headers: headers, body: Array(json.utf8))
  }
}

/// The models of these tests.
enum TestModels {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Models").path

  static func path(_ name: String) -> String { "\(folder)/\(name).onnx" }
}

/// A folder that is gone after the test.
func withFolder<Result>(
  _ files: [String: String], texts: [String: String] = [:], _ body: (String) async throws -> Result
) async throws -> Result {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("luthier-serve-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  for (place, model) in files { try put(model, at: "\(folder.path)/\(place)") }
  for (place, text) in texts {
    let url = folder.appendingPathComponent(place)
    try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: url)
  }
  return try await body(folder.path)
}

/// Puts a model of the tests somewhere, as a whole.
func put(_ model: String, at path: String) throws {
  let url = URL(fileURLWithPath: path)
  try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
  try Data(contentsOf: URL(fileURLWithPath: TestModels.path(model))).write(to: url, options: .atomic)
}

/// Runs a server over a folder of the given models while a test asks it.
func withServer(
  _ files: [String: String], texts: [String: String] = [:],
  loader: @escaping Repository.Loader = { try DeploymentLoader().load($0, $1) },
  logger: Logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
  options change: @Sendable (inout ServerOptions) -> Void = { _ in },
  _ body: (TestServer) async throws -> Void
) async throws {
  try await withFolder(files, texts: texts) { folder in
    var options = ServerOptions(models: folder)
    options.port = 0
    options.grpcPort = 0
    change(&options)
    let (ports, heard) = AsyncStream<InferenceServer.Ports>.makeStream()
    let server = InferenceServer(options: options, logger: logger, loader: loader)
    let running = Task {
      do { try await server.run(signals: false) { heard.yield($0) } } catch {
        heard.finish()
        throw error
      }
    }
    guard let found = await ports.first(where: { _ in true }) else {
      try await running.value
      throw RawConnection.Failure(what: "the server did not begin")
    }
    do {
      try await body(TestServer(ports: found, folder: folder))
    } catch {
      running.cancel()
      _ = await running.result
      throw error
    }
    running.cancel()
    _ = await running.result
  }
}

/// A model whose runs wait until a test lets them go on: `y` is `x` times two.
final class GatedModel: RunnableModel {
  let inputs = [TensorPort("x", .f32, [nil, 2])]
  let outputs = [TensorPort("y", .f32, [nil, 2])]
  let kernels: [KernelUse] = []
  let picture = Result<PictureInput, any Error>.failure(VisionError.modelInput(found: "numbers"))

  private let gate = DispatchSemaphore(value: 0)
  private let state = Mutex((isOpen: false, begun: 0, rows: [Int]()))

  /// How many runs have begun.
  var begun: Int { state.withLock { $0.begun } }
  /// The rows of the runs that have begun.
  var rows: [Int] { state.withLock { $0.rows } }

  func open() {
    let waiting = state.withLock { state in
      state.isOpen = true
      return state.begun
    }
    for _ in 0..<waiting { gate.signal() }
  }

  func run(_ tensors: [TypedTensor]) throws -> [TypedTensor] {
    let isOpen = state.withLock { state in
      state.begun += 1
      state.rows.append(tensors[0].shape[0])
      return state.isOpen
    }
    if !isOpen { gate.wait() }
    let elements = tensors[0].elements(as: Float.self)
    return [try TypedTensor(shape: tensors[0].shape, elements: elements.map { $0 * 2 })]
  }
}

/// Waits until something is so, for a while.
func eventually(_ what: String, within seconds: Int = 20, _ isSo: () async throws -> Bool) async throws {
  for _ in 0..<seconds * 100 {
    if try await isSo() { return }
    try await Task.sleep(for: .milliseconds(10))
  }
  throw RawConnection.Failure(what: "it did not come: \(what)")
}

/// The bytes of elements as they travel.
func bytes<Element: BitwiseCopyable>(_ elements: [Element]) -> [UInt8] { elements.withUnsafeBytes { Array($0) } }

/// Counts from 0.
final class LoadCount: Sendable {
  private let count = Mutex(0)
  /// How often somebody has counted.
  var value: Int { count.withLock { $0 } }

  func next() -> Int {
    count.withLock { count in
      defer { count += 1 }
      return count
    }
  }
}

/// The configuration that a loader was given last.
final class SeenConfiguration: Sendable {
  private let seen = Mutex<ModelConfiguration?>(nil)

  func set(_ configuration: ModelConfiguration) { seen.withLock { $0 = configuration } }
  func get() -> ModelConfiguration? { seen.withLock { $0 } }
}
