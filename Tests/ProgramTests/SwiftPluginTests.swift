import Foundation
import Luthier
import Testing

/// Stands for an operation that only the example plugin knows: enough of it to write an ONNX file.
private struct ForeignProblem: LayerProblem {
  let outputShape: TensorShape
  static var operation: String { "foreign-prelu" }
  init(shape: TensorShape) { outputShape = shape }
  init(key: ProblemKey) throws(ProblemError) { try self.init(shape: key.shape("shape")) }
  var key: ProblemKey { ProblemKey(operation: Self.operation, ["shape": "\(outputShape)"]) }
  var inputShapes: [TensorShape] { [outputShape] }
  var operationCount: OperationCount { .none }
  var memoryAccessCost: Int { activationElementCount }
  typealias Parameters = NoParameters
}

@Suite("Plugins in Swift that are loaded at run time", .serialized)
struct SwiftPluginTests {
  private static let package = Checkout.root.appendingPathComponent("Plugins/Examples/ExampleKernels/Sources")

  /// The example package as a library, compiled against the modules of the programs under test.
  ///
  /// - Parameter objects: folders of the build whose objects are linked too.
  private static func example(in folder: URL, with objects: [String] = []) throws -> String {
    let products = try ProgramRun.products()
    let manager = FileManager.default
    let libraries = Checkout.root.appendingPathComponent("Sources/SystemLibraries")
    // What the library's modules need in turn has its map among the packages that were checked out.
    var scratch = products
    while scratch.path != "/", !manager.fileExists(atPath: scratch.appendingPathComponent("checkouts").path) {
      scratch.deleteLastPathComponent()
    }
    let maps =
      try manager.contentsOfDirectory(atPath: libraries.path).map {
        libraries.appendingPathComponent("\($0)/module.modulemap").path
      } + [
        scratch.appendingPathComponent("checkouts/swift-numerics/Sources/_NumericsShims/include/module.modulemap").path
      ]
    let modules = maps.flatMap { ["-Xcc", "-fmodule-map-file=" + $0] }
    func sources(_ target: String) throws -> [String] {
      let directory = package.appendingPathComponent(target)
      return try manager.contentsOfDirectory(atPath: directory.path).map { directory.appendingPathComponent($0).path }
    }
    let common = ["-O", "-swift-version", "6", "-I", products.appendingPathComponent("Modules").path] + modules
    let kernels = folder.appendingPathComponent("ExampleKernels.o").path
    try compile(
      common + ["-parse-as-library", "-wmo", "-emit-module", "-c", "-module-name", "ExampleKernels"]
        + ["-emit-module-path", folder.appendingPathComponent("ExampleKernels.swiftmodule").path, "-o", kernels]
        + sources("ExampleKernels"))
    let more = try objects.flatMap { name in
      let directory = products.appendingPathComponent(name)
      return try manager.contentsOfDirectory(atPath: directory.path).filter { $0.hasSuffix(".o") }.map {
        directory.appendingPathComponent($0).path
      }
    }
    let library = folder.appendingPathComponent("libExample.so").path
    try compile(
      common + [
        "-parse-as-library", "-emit-library", "-module-name", "ExamplePlugin", "-I", folder.path, "-o", library,
      ]
        + sources("ExamplePlugin") + [kernels] + more)
    return library
  }

  private static func compile(_ arguments: [String]) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["swiftc"] + arguments
    try process.run()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0, "swiftc does not compile the example")
  }

  /// A network of one PRelu with the slopes 0.5 and 0.25.
  private func model(in folder: TemporaryFolder) throws -> String {
    var operators = ONNXOperatorRegistry.standard
    operators.registerExport(of: ForeignProblem.self) { _, _ in
      ONNXOperator("PRelu", constants: [try Tensor(shape: TensorShape([2, 1, 1]), elements: [0.5, 0.25])])
    }
    var graph = Graph(name: "prelu")
    let input = try graph.addInput("x", shape: TensorShape([1, 2, 1, 3]))
    graph.addOutput(try graph.addLayer("prelu", ForeignProblem(shape: graph[input].shape), inputs: [input]))
    let path = try folder.file("prelu.onnx")
    try ONNXModel.write(graph, to: path, operators: operators)
    return path
  }

  @Test("The Swift example's kernels are listed, and its operator is imported, tuned and run")
  func example() throws {
    let folder = try TemporaryFolder()
    let plugin = try Self.example(in: folder.url)
    let list = try ProgramRun("tune", ["kernels", "--output", "json", "--plugin", plugin])
    #expect(list.status == 0 && list.errors.isEmpty, "\(list.errors)")
    let kernels = try #require(try JSONSerialization.jsonObject(with: Data(list.output.utf8)) as? [[String: Any]])
    for (name, operation, scope) in [
      ("example.depthwise5x5", "convolution", ["depthwise 5x5"]), ("example.prelu", "prelu", ["planes"]),
    ] {
      let kernel = try #require(kernels.first { $0["kernel"] as? String == name })
      #expect((kernel["origin"] as? String)?.hasPrefix("example 1.0.0 (") == true)
      #expect(kernel["version"] as? Int == 1)
      #expect(kernel["operation"] as? String == operation)
      #expect(kernel["applies_to"] as? [String] == scope)
    }

    let model = try model(in: folder)
    let database = try folder.file("database")
    let tune = try ProgramRun(
      "tune", ["--network", model, "--effort", "quick", "--database", database, "--plugin", plugin])
    #expect(tune.status == 0, "\(tune.errors)")
    #expect(tune.output.contains("prelu"))
    let input = try folder.file("input.pb")
    let output = try folder.file("output.pb")
    let shape = try TensorShape([1, 2, 1, 3])
    try TensorFile.write(Tensor(shape: shape, elements: [-2, 0, 4, -2, 0, 4]), to: input)
    let run = try ProgramRun(
      "luthier",
      ["run", model, "--input", input, "--output", output, "--profile", database, "--strict", "--plugin", plugin])
    // Strict: every layer has a winner, which is one of the plugin's.
    #expect(run.status == 0, "\(run.errors)")
    if run.status == 0 { #expect(try TensorFile.read(output).elements == [-1, 0, 4, -0.5, 0, 4]) }
  }

  @Test("Without the plugin its operator is no layer, and tuning says so in one line")
  func without() throws {
    let folder = try TemporaryFolder()
    let run = try ProgramRun("tune", ["--network", try model(in: folder), "--effort", "quick"])
    #expect(run.status == 65)
    #expect(run.errors.contains("has no layers that kernels compute"), "\(run.errors)")
    #expect(run.errors.split(separator: "\n").count == 1, "\(run.errors)")
  }

  @Test(
    "A Swift plugin of another version, compiler or build, or with a copy of Luthier, is one line; the rest goes on")
  func mismatches() throws {
    let folder = try TemporaryFolder()
    func source(_ body: String, _ name: String) throws -> String {
      let path = try folder.file(name + ".c", Data(body.utf8))
      return try PluginTests.compile(path, to: folder.url, name: name + ".so")
    }
    let version = try source(
      "void luthier_swift_plugin_entry(void *reply) { ((int *)reply)[1] = 999; }\n", "version")
    let compiler = try source(
      "void luthier_swift_plugin_entry(void *reply) {\n"
        + "  ((int *)reply)[1] = *(int *)reply;\n  ((const char **)reply)[4] = \"Clang 0.1\";\n}\n", "compiler")
    let empty = try source("void luthier_swift_plugin_entry(void *reply) { (void)reply; }\n", "empty")
    let build = try source(
      "void missing(void) __asm__(\"$s12LayerKernels7missingyyF\");\n"
        + "void luthier_swift_plugin_entry(void *reply) { (void)reply; missing(); }\n", "build")
    let copy = try Self.example(in: folder.url, with: ["LayerKernels.build"])
    let own = SwiftPluginInterface.version
    let compiled = String(cString: SwiftPluginInterface.compiler)
    for (path, words) in [
      (version, "built for version 999 of the Swift plugin interface, and this program has \(own)"),
      (compiler, "compiled by 'Clang 0.1', and this program by '\(compiled)'"),
      (empty, "built for version 0 of the Swift plugin interface"),
      (build, "has to be built against the very Luthier that loads it"), (copy, "has linked a copy of Luthier"),
    ] {
      let run = try ProgramRun("tune", ["kernels", "--plugin", path])
      #expect(run.status == 0)
      #expect(run.output.contains("direct.depthwise.planes") && !run.output.contains("example."))
      let lines = run.errors.split(separator: "\n")
      #expect(lines.count == 1 && lines.first?.contains(words) == true, "\(run.errors)")
    }
  }
}
