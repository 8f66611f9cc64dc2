import Foundation
import Luthier
import Testing

@Suite("Problems with long keys")
struct LongKeyTests {
  @Test("are tuned, stored, and found by a deployment")
  func tuned() throws {
    // In no order, so that each row is a box of its own: a key of 20 KB.
    let indices = (0..<784).map { $0 * $0 * 331 % 787 % 784 }
    var graph = Graph(name: "gather")
    let input = try graph.addInput("x", shape: TensorShape([1, 784, 8]))
    let scaled = try graph.addLayer("relu", ElementwiseProblem(.relu, shape: graph[input].shape), inputs: [input])
    graph.addOutput(try graph.addMovement("order", .gather(axis: 1, indices: indices), inputs: [scaled]))
    let folder = try TemporaryFolder()
    let file = folder.url.appendingPathComponent("model.onnx").path
    try ONNXModel.write(graph, to: file)
    let database = folder.url.appendingPathComponent("database").path
    let tuned = try ProgramRun(
      "tune", ["--platform", "this-host", "--network", file, "--effort", "quick", "--database", database])
    #expect(tuned.status == 0, "\(tuned.errors)")
    // The movement is a layer of the profile.
    let name = try #require(
      try FileManager.default.contentsOfDirectory(atPath: database).first { $0.hasSuffix(".json") })
    let stored = try #require(try DatabaseFile(path: "\(database)/\(name)").read())
    let problems = stored.profiles.flatMap(\.layers).map(\.problem)
    let movement = try #require(problems.first { $0.operation == "rearrangement" })
    #expect(movement.description.utf8.count > 16_384)
    #expect(try RearrangementProblem(key: movement).key == movement)
    let bench = try ProgramRun("luthier", ["bench", file, "--runs", "1", "--profile", database])
    #expect(bench.status == 0 && !bench.errors.contains("no tuned profile"), "\(bench.errors)")
  }
}
