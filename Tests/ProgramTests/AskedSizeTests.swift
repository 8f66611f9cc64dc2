import Foundation
import Luthier
import Testing

@Suite("Sizes that are asked for are had or refused")
struct AskedSizeTests {
  /// A model of one layer whose input has the given sizes.
  private static func model(_ sizes: [Int], in folder: TemporaryFolder) throws -> String {
    var graph = Graph(name: "small")
    let input = try graph.addInput("picture", shape: TensorShape(sizes))
    graph.addOutput(
      try graph.addLayer("relu", ElementwiseProblem(.relu, shape: graph[input].shape), inputs: [input]))
    return try folder.file("small.onnx", Data(ONNXModel.encode(graph)))
  }

  @Test(
    "What a model fixes is not overwritten, nor is what was asked for lost",
    arguments: [
      (["--batch", "2"], "input 'picture' has batch 1, which the model fixes; 2 was asked for"),
      (["--input-size", "64"], "input 'picture' has rows and columns 8x6, which the model fixes; 64x64 was asked for"),
      (["--input-size", "8x7"], "rows and columns 8x6, which the model fixes; 8x7 was asked for"),
      (["--input-size", "8x6"], nil), (["--batch", "1"], nil), (["--batch", "1", "--input-size", "8x6"], nil),
    ] as [([String], String?)])
  func fixed(arguments: [String], complaint: String?) throws {
    let folder = try TemporaryFolder()
    let path = try Self.model([1, 3, 8, 6], in: folder)
    for command in [["bench", path, "--runs", "1"], ["flops", path]] {
      let run = try ProgramRun("luthier", command + arguments)
      #expect(run.status == (complaint == nil ? 0 : 64), "\(run.errors)")
      if let complaint { #expect(run.errors.contains(complaint), "\(run.errors)") }
    }
  }

  @Test("A size for a kind of input that the model lacks is an error")
  func lacking() throws {
    let folder = try TemporaryFolder()
    let run = try ProgramRun("luthier", ["flops", Self.model([4, 7], in: folder), "--input-size", "32"])
    #expect(run.status == 64 && run.errors.contains("no input has rows and columns"), "\(run.errors)")
  }

  @Test("Options of a deployment outside their range are errors that name them")
  func deployment() throws {
    func error(_ change: (inout Deployment) -> Void) -> String {
      var deployment = Deployment()
      deployment.inputSize = (32, 32)
      change(&deployment)
      do {
        _ = try deployment.load("shufflenet_v2_x0_5")
        return "loaded"
      } catch { return "\(error)" }
    }
    for batch in [-1, 0, 4097, .min, .max] { #expect(error { $0.batch = batch }.contains("batch is \(batch)")) }
    for size in [-1, 0, 16_385] {
      #expect(error { $0.inputSize = (size, 32) }.contains("height is \(size)"))
      #expect(error { $0.inputSize = (32, size) }.contains("width is \(size)"))
    }
    for allowed in [-0.1, 1.5, .nan, .infinity] {
      #expect(error { $0.allowedError = allowed }.contains("allowed error"))
    }
    for threads in [0, -1, 1025, (1 << 32) + 1, .max] {
      #expect(error { $0.threads = threads }.contains("\(threads) threads"))
    }
    #expect(error { $0.profile = "" }.contains("its path is empty"))
    #expect(error { $0.profile = "/tmp\0x" }.contains("zero byte"))
    #expect(
      error {
        $0.inputSize = nil; $0.batch = -1
      }.contains("batch"))
  }

  @Test("A path with a zero byte is not the file that the part before it names")
  func zeroByte() throws {
    let folder = try TemporaryFolder()
    let path = try Self.model([1, 3, 8, 6], in: folder)
    _ = try Deployment().graph(of: path)
    #expect(throws: ONNXError.self) { try Deployment().graph(of: path + "\0.onnx") }
    #expect(throws: ImagingError.self) { try Picture(contentsOf: path + "\0") }
    #expect(throws: VisionError.self) { try Labels(contentsOf: path + "\0") }
    #expect(throws: ONNXError.self) { try TensorFile.read(path + "\0") }
    #expect(throws: ONNXError.self) { try TensorFile.write(.init(shape: .scalar, repeating: 0), to: path + "\0") }
  }
}
