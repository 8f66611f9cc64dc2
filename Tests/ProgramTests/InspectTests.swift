import Foundation
import Luthier
import Testing

@Suite("Models are inspected, and operators listed")
struct InspectTests {
  static let cases = Checkout.root.deletingLastPathComponent().appendingPathComponent("shared/cases")
  static let hasCases = FileManager.default.fileExists(atPath: cases.path)

  static func model(_ name: String) -> String { cases.appendingPathComponent("\(name)/model.onnx").path }

  /// A model of three layers; the operators of the given names are exchanged for others.
  private static func model(replacing names: [String: String], in folder: TemporaryFolder) throws -> String {
    var graph = Graph(name: "small")
    let input = try graph.addInput("x", shape: TensorShape([1, 3, 4, 5]))
    var value = input
    for (index, activation) in [Activation.relu, .sigmoid, .relu].enumerated() {
      value = try graph.addLayer(
        "layer \(index)", ElementwiseProblem(activation, shape: graph[input].shape), inputs: [value])
    }
    graph.addOutput(value)
    var bytes = try ONNXModel.encode(graph)
    for (name, other) in names {
      for place in bytes.indices.filter({ bytes[$0...].starts(with: name.utf8) }) {
        bytes.replaceSubrange(place..<(place + name.utf8.count), with: other.utf8)
      }
    }
    return try folder.file("small.onnx", Data(bytes))
  }

  @Test("A model that is loaded is described, and the exit code is 0")
  func described() throws {
    let folder = try TemporaryFolder()
    let run = try ProgramRun("luthier", ["inspect", Self.model(replacing: [:], in: folder), "--json"])
    #expect(run.status == 0, "\(run.errors)")
    let object = try run.object()
    #expect((object["refused"] as? [Any])?.isEmpty == true)
    #expect(object["networks"] as? Int == 1 && object["steps_between"] as? Int == 0)
    let operators = try #require(object["operators"] as? [[String: Any]])
    #expect(operators.map { $0["name"] as? String } == ["Relu", "Sigmoid"])
    #expect(operators.map { $0["layers"] as? Int } == [2, 1])
    let inputs = try #require(object["inputs"] as? [[String: Any]])
    #expect(inputs.map { $0["sizes"] as? [String] } == [["1", "3", "4", "5"]])
  }

  @Test("Everything that is refused is listed at once, and the exit code is 65")
  func refused() throws {
    let folder = try TemporaryFolder()
    let path = try Self.model(replacing: ["Relu": "Rulu", "Sigmoid": "Sagmoid"], in: folder)
    let run = try ProgramRun("luthier", ["inspect", path, "--json"])
    #expect(run.status == 65)
    let refused = try #require(try run.object()["refused"] as? [[String: Any]])
    #expect(refused.map { $0["operator_name"] as? String } == ["Rulu", "Sagmoid", "Rulu"])
    #expect(run.errors.split(separator: "\n").count == 1 && run.errors.contains("3 things are refused"))
    #expect(try ProgramRun("luthier", ["inspect", path]).status == 65)
  }

  @Test(
    "Open sizes are shown by their names, and given by --shape or --input-size",
    .enabled(if: hasCases, "the cases are not here (shared/cases beside the checkout)"))
  func open() throws {
    let path = Self.model("e11_nhwc_open_size")
    let plain = try ProgramRun("luthier", ["inspect", path])
    #expect(plain.status == 0 && plain.output.contains("NxHxWx3") && plain.output.contains("FLOPs not known"))
    #expect(
      plain.output.contains("sizes are open; --shape 'x=?x?x?x3' with numbers for ? says them"), "\(plain.output)")
    for sizes in [["--input-size", "8"], ["--shape", "x=1x8x8x3"]] {
      #expect(try ProgramRun("luthier", ["inspect", path] + sizes).output.contains("13824 FLOPs"))
      for command in [["bench", path, "--runs", "1"], ["profile", path, "--runs", "1"], ["flops", path]] {
        let run = try ProgramRun("luthier", command + sizes)
        #expect(run.status == 0, "\(command): \(run.errors)")
      }
    }
    let unsized = try ProgramRun("luthier", ["bench", path, "--runs", "1"])
    #expect(unsized.status == 64 && unsized.errors.contains("input 'x' is ?x?x?x3"), "\(unsized.errors)")
  }

  @Test(
    "A shape that the model fixes, an input that it lacks and what is no shape are usage errors",
    .enabled(if: hasCases, "the cases are not here (shared/cases beside the checkout)"),
    arguments: ["x=1x8x8x4", "x=1x8x8", "y=1x8x8x3", "x", "=1", "x=1x-1", "x=1xx3", "x=99999999x99999999x9x3"])
  func shapes(argument: String) throws {
    for command in ["bench", "flops", "inspect", "profile"] {
      let run = try ProgramRun("luthier", [command, Self.model("e11_nhwc_open_size"), "--shape", argument])
      #expect(run.status == 64, "\(command): \(run.errors)")
      #expect(run.errors.split(separator: "\n").count == 1, "\(run.errors)")
    }
  }

  @Test(
    "A model of bytes, and one of an operator alone, are timed step by step",
    .enabled(if: hasCases, "the cases are not here (shared/cases beside the checkout)"))
  func steps() throws {
    let picture = try ProgramRun(
      "luthier", ["profile", Self.model("e10_uint8_picture"), "--runs", "2", "--json"])
    let object = try picture.object()
    #expect((object["operators"] as? [[String: Any]])?.map { $0["operator_name"] as? String } == ["Cast"])
    #expect((object["layers"] as? [Any])?.isEmpty == false)
    let resize = try ProgramRun("luthier", ["profile", Self.model("r08_cubic"), "--runs", "2"])
    #expect(resize.status == 0 && resize.output.contains("operator Resize"), "\(resize.errors)")
  }

  @Test("The page of operators is what the program prints")
  func article() throws {
    let run = try ProgramRun("luthier", ["operators", "--article"])
    #expect(run.status == 0)
    let page = try Checkout.text("Sources/LuthierLibrary/Documentation.docc/Operators.md")
    #expect(
      run.output == page, "luthier operators --article > Sources/LuthierLibrary/Documentation.docc/Operators.md")
  }
}
