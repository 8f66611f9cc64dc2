import Foundation
import Luthier
import Testing

@Suite("luthier compile, and programs that take what it wrote")
struct CompileProgramTests {
  /// A network of a few layers as an ONNX file, and compiled.
  private struct Compiled {
    let folder: TemporaryFolder
    let model: String
    let network: String

    init() throws {
      folder = try TemporaryFolder()
      var builder = NetworkBuilder(name: "small", seed: 4)
      var value = try builder.input(batch: 1, channels: 3, height: 8, width: 8)
      value = try builder.convolutionUnit(value, outputs: 8, kernel: 3)
      let scores = try builder.dense(builder.globalAveragePooling(value), outputs: 3)
      model = try folder.file("net.onnx", Data(ONNXModel.encode(builder.finish([("scores", scores)]))))
      network = folder.url.appendingPathComponent("net.luthier").path
      let run = try ProgramRun("luthier", ["compile", model, "-o", network])
      #expect(run.status == 0, "\(run.errors)")
    }

    func path(_ name: String) -> String { folder.url.appendingPathComponent(name).path }
  }

  private func expectOneLine(_ run: ProgramRun, _ status: Int32, _ words: String...) {
    #expect(run.status == status, "\(run.errors)")
    #expect(run.errors.split(separator: "\n").count == 1, "\(run.errors)")
    for word in words { #expect(run.errors.contains(word), "\(run.errors)") }
  }

  @Test("run gives from the file the bytes that it gives from the model, and bench, profile and strict mode take it")
  func takes() throws {
    let compiled = try Compiled()
    let input = compiled.path("x.pb")
    var random = RandomSource(seed: 1)
    try TensorFile.write(TypedTensor(random.tensor(shape: TensorShape([1, 3, 8, 8]))), named: "input", to: input)
    var outputs: [Data] = []
    for (index, network) in [compiled.model, compiled.network].enumerated() {
      let output = compiled.path("y\(index).pb")
      let run = try ProgramRun("luthier", ["run", network, "--input", input, "--output", output])
      #expect(run.status == 0, "\(run.errors)")
      outputs.append(try Data(contentsOf: URL(fileURLWithPath: output)))
    }
    #expect(outputs[0] == outputs[1] && !outputs[0].isEmpty)
    for arguments in [["bench", compiled.network], ["profile", compiled.network, "--threads", "2"]] {
      let run = try ProgramRun("luthier", arguments)
      #expect(run.status == 0, "\(run.errors)")
    }
    expectOneLine(try ProgramRun("luthier", ["bench", compiled.network, "--strict"]), 65, "not tuned")
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: compiled.folder.url.path).allSatisfy { !$0.hasSuffix(".tmp") }
    )
  }

  @Test("A file of any other name is known by how it begins")
  func anyName() throws {
    let compiled = try Compiled()
    try FileManager.default.moveItem(atPath: compiled.network, toPath: compiled.path("weights.bin"))
    #expect(try ProgramRun("luthier", ["bench", compiled.path("weights.bin")]).status == 0)
  }

  @Test("What was fixed when the file was compiled is not silently ignored")
  func fixed() throws {
    let compiled = try Compiled()
    for option in [
      ["--batch", "2"], ["--input-size", "9x9"], ["--kernels", "direct"], ["--profile", compiled.folder.url.path],
      ["--shape", "input=1x3x9x9"], ["--shape", "other=1x3x8x8"], ["--max-error", "0.5"],
    ] {
      expectOneLine(try ProgramRun("luthier", ["bench", compiled.network] + option), 64, "net.luthier")
    }
    #expect(try ProgramRun("luthier", ["bench", compiled.network, "--batch", "1", "--input-size", "8x8"]).status == 0)
  }

  @Test("inspect says of what a file is, and finds weights that changed")
  func inspected() throws {
    let compiled = try Compiled()
    let run = try ProgramRun("luthier", ["inspect", compiled.network, "--json"])
    #expect(run.status == 0, "\(run.errors)")
    let object = try run.object()
    #expect(object["name"] as? String == "net" && object["threads"] as? Int == 1)
    #expect(object["library"] as? String == "\(LibraryVersion.current)")
    let text = try ProgramRun("luthier", ["inspect", compiled.network])
    #expect(
      text.output.contains("1x3x8x8") && text.output.contains("Luthier \(LibraryVersion.current)"), "\(text.output)")
    var bytes = try Data(contentsOf: URL(fileURLWithPath: compiled.network))
    bytes[bytes.count - 200] ^= 1
    expectOneLine(try ProgramRun("luthier", ["inspect", compiled.folder.file("bad.luthier", bytes)]), 65, "weights")
  }

  @Test("Commands that need the model say so")
  func model() throws {
    let compiled = try Compiled()
    for arguments in [
      ["flops", compiled.network], ["export", compiled.network, "--output", "x.onnx"],
      ["compile", compiled.network, "-o", compiled.path("again.luthier")],
    ] { expectOneLine(try ProgramRun("luthier", arguments), 64, "name the model") }
  }

  @Test("Another instruction set is refused in one line, or packed anew from the model beside the file, which is said")
  func otherInstructionSet() throws {
    guard try PlatformFingerprint.current().instructionSets.count > 1 else { return }
    let compiled = try Compiled()
    let environment = ["LUTHIER_ISA": "portable"]
    let anew = try ProgramRun("luthier", ["bench", compiled.network], environment: environment)
    #expect(
      anew.status == 0 && anew.errors.contains("packed anew from") && anew.errors.contains("portable"), "\(anew.errors)"
    )
    // Another model of that name is not it.
    try FileManager.default.removeItem(atPath: compiled.model)
    _ = try compiled.folder.file("net.onnx", SmallModel.means.data)
    expectOneLine(
      try ProgramRun("luthier", ["bench", compiled.network], environment: environment), 65, "another host",
      "compile it again")
  }

  @Test("A folder, a pipe, a device, nothing, an empty and a cut file are one line each")
  func noFiles() throws {
    let compiled = try Compiled()
    let (folder, pipe) = (compiled.path("folder.luthier"), compiled.path("pipe.luthier"))
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    #expect(mkfifo(pipe, 0o600) == 0)
    let device = compiled.path("device.luthier")
    try FileManager.default.createSymbolicLink(atPath: device, withDestinationPath: "/dev/zero")
    for path in [folder, pipe, device, compiled.path("none.luthier")] {
      expectOneLine(try ProgramRun("luthier", ["bench", path]), 66, "cannot read")
    }
    let bytes = try Data(contentsOf: URL(fileURLWithPath: compiled.network))
    for count in [0, 3, 8, 40, 500, bytes.count - 1] {
      expectOneLine(
        try ProgramRun("luthier", ["bench", compiled.folder.file("cut.luthier", bytes.prefix(count))]), 65, "damaged")
    }
  }

  @Test("What a file cannot hold is refused at compiling with the reason, and nothing is written")
  func refused() throws {
    let folder = try TemporaryFolder()
    let target = folder.url.appendingPathComponent("x.luthier").path
    let open = try folder.file("open.onnx", SmallModel.means.data)
    expectOneLine(try ProgramRun("luthier", ["compile", open, "-o", target]), 65, "open", "--input-size")
    #expect(!FileManager.default.fileExists(atPath: target))
    let told = try ProgramRun("luthier", ["compile", open, "-o", target, "--input-size", "5x6"])
    #expect(told.status == 0, "\(told.errors)")
    try FileManager.default.removeItem(atPath: target)
    let bytes = try folder.file("bytes.onnx", SmallModel.bytes.data)
    expectOneLine(try ProgramRun("luthier", ["compile", bytes, "-o", target]), 65, "load the model itself")
    expectOneLine(try ProgramRun("luthier", ["compile", open, "-o", open, "--input-size", "5x6"]), 64, "would be lost")
    #expect(try !FileManager.default.contentsOfDirectory(atPath: folder.url.path).contains { $0.hasPrefix("x.") })
  }

  @Test("Two networks of one file have one mapping, and a file that was written again is another")
  func oneMapping() throws {
    let compiled = try Compiled()
    let host = try PlatformFingerprint.current()
    let first = try CompiledFile(path: compiled.network, host: host)
    #expect(try CompiledFile(path: compiled.network, host: host).address == first.address)
    let networks = try (0..<2).map { _ in try Deployment().load(compiled.network) }
    // Foundation takes a file of the system for empty, as its size is 0.
    let handle = try #require(FileHandle(forReadingAtPath: "/proc/self/maps"))
    let maps = String(decoding: handle.readDataToEndOfFile(), as: UTF8.self)
    #expect(maps.split(separator: "\n").filter { $0.hasSuffix("/net.luthier") }.count == 1)
    try Deployment().compile(compiled.model, to: compiled.network)
    #expect(try CompiledFile(path: compiled.network, host: host).address != first.address)
    // The old file's bytes stay for who has them.
    let input = Tensor(shape: networks[0].inputs[0].shape, repeating: 0.5)
    #expect(try networks[0].run([input]) == networks[1].run([input]))
    try first.checkWeights()
  }

  @Test("C compiles, and loads what was compiled from its path and from its bytes")
  func fromC() throws {
    let main = """
      int main(int count, char **arguments) {
        CHECK(count == 2);
        luthier_load_options options = {.size = sizeof options, .threads = 1, .height = 5, .width = 6};
        CHECK(luthier_compile(arguments[1], "means.luthier", &options) == 0);
        luthier_network *network = luthier_load("means.luthier", NULL);
        CHECK(network != NULL);
        int64_t shape[8];
        CHECK(luthier_input_shape(network, 0, shape, 8) == 4 && shape[2] == 5 && shape[3] == 6);
        float x[3 * 5 * 6], y[3];
        for (int i = 0; i < 90; i++) x[i] = i / 30;
        const float *inputs[] = {x};
        float *outputs[] = {y};
        CHECK(luthier_run(network, inputs, outputs) == 0 && y[0] == 0 && y[1] == 1 && y[2] == 2);
        luthier_free(network);
        FILE *file = fopen("means.luthier", "rb");
        static char bytes[1 << 20];
        size_t size = fread(bytes, 1, sizeof bytes, file);
        network = luthier_load_bytes(bytes, size, NULL);
        CHECK(network != NULL);
        luthier_free(network);
        FAILS(luthier_load_bytes(bytes, size - 1, NULL) == NULL, "damaged");
        FAILS(luthier_compile(arguments[1], "no/folder/x.luthier", &options) == -1, "cannot be written");
        FAILS(luthier_compile(arguments[1], NULL, NULL) == -1, "luthier_compile");
        FAILS(luthier_compile(arguments[1], "x.luthier", NULL) == -1, "open");
        return 0;
      }
      """
    let run = try TypedInterfaceTests.run(main, [.means])
    #expect(run.status == 0, "\(run.errors)")
  }

  @Test("Python compiles, and loads what was compiled from its path and from its bytes, also in another process")
  func fromPython() throws {
    try PythonTests.run(
      """
      x = array.array("f", [index // 30 for index in range(90)])
      luthier.compile("means.onnx", pathlib.Path("means.luthier"), height=5, width=6)
      networks = [luthier.Network("means.luthier"), luthier.Network(open("means.luthier", "rb").read(), threads=2)]
      networks.append(pickle.loads(pickle.dumps(networks[0])))
      for network in networks:
          assert network.inputs == [("x", (1, 3, 5, 6))], network.inputs
          y = array.array("f", [9, 9, 9])
          network.run(memoryview(x).cast("B").cast("f", (1, 3, 5, 6)), outputs=[memoryview(y).cast("B").cast("f", (1, 3, 1, 1))])
          assert y.tolist() == [0, 1, 2], y
      fails("open", lambda: luthier.compile("means.onnx", "other.luthier"))
      fails("a batch of 2", lambda: luthier.Network("means.luthier", batch=2))
      fails("damaged", lambda: luthier.Network(open("means.luthier", "rb").read()[:-1]))
      fails("empty", lambda: luthier.compile("means.onnx", ""))
      assert not os.path.exists("other.luthier")
      """, ["means.onnx": .means])
  }
}
