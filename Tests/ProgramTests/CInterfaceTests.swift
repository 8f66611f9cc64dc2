import Foundation
import Luthier
import Testing

@Suite("The C interface and its Python wrapper")
struct CInterfaceTests {
  /// The scores that Swift computes for the input of both examples.
  static func expectedScores() throws -> [Float] {
    let untuned = try TemporaryFolder()
    var deployment = Deployment()
    deployment.profile = untuned.url.path
    let picture = Tensor(shape: try TensorShape([1, 3, 224, 224]), repeating: 0.5)
    return try withExtendedLifetime(untuned) {
      try deployment.load("shufflenet_v2_x1_0").run([picture])[0].elements
    }
  }

  /// The block in a language of the article on C and Python.
  static func example(_ language: String) throws -> String {
    let blocks = try Checkout.article("CAndPython").components(separatedBy: "```\(language)\n")
    return try #require(blocks.dropFirst().first?.components(separatedBy: "```").first)
  }

  /// Runs a program of the system and gives its status, output and errors.
  static func execute(
    _ arguments: [String], environment: [String: String] = [:], folder: URL
  ) throws -> (status: Int32, output: String, errors: String) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = arguments
    process.currentDirectoryURL = folder
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    let (output, errors) = (Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    let complaint = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return (process.terminationStatus, text, complaint)
  }

  static var library: URL { get throws { try ProgramRun.products().appendingPathComponent("libLuthierC.so") } }

  static func compile(_ source: String, in folder: TemporaryFolder) throws -> String {
    let products = try ProgramRun.products().path
    let file = try folder.file("example.c", Data(source.utf8))
    let program = folder.url.appendingPathComponent("example").path
    let compiled = try execute(
      [
        "clang", "-std=c11", "-Wall", "-Wextra", "-Werror", "-I",
        Checkout.root.appendingPathComponent("Sources/LuthierC/include").path, file, "-L", products, "-lLuthierC",
        "-Wl,-rpath,\(products)", "-o", program,
      ], folder: folder.url)
    try #require(compiled.status == 0, "\(compiled.errors)")
    return program
  }

  /// The first interpreter that can run a program.
  static func python(that program: String, in folder: TemporaryFolder) -> String? {
    ["/usr/bin/python3", "python3"].first {
      (try? execute([$0, "-c", program], folder: folder.url))?.status == 0
    }
  }

  /// Runs a Python program beside the wrapper.
  static func run(
    _ program: String, by python: String, in folder: TemporaryFolder
  ) throws -> (status: Int32, output: String, errors: String) {
    try execute(
      [python, folder.file("program.py", Data(program.utf8))],
      environment: [
        "PYTHONPATH": Checkout.root.appendingPathComponent("Sources/LuthierC/python").path,
        "LUTHIER_LIBRARY": library.path, "PYTHONDONTWRITEBYTECODE": "1",
      ], folder: folder.url)
  }

  @Test("The documentation's C program compiles without a warning and prints the class that Swift finds")
  func cExample() throws {
    let folder = try TemporaryFolder()
    let program = try Self.compile(Self.example("c"), in: folder)
    let run = try Self.execute([program], folder: folder.url)
    #expect(run.status == 0, "\(run.errors)")
    let scores = try Self.expectedScores()
    let best = try #require(scores.indices.max { scores[$0] < scores[$1] })
    let words = run.output.split(whereSeparator: \.isWhitespace)
    #expect(words.compactMap { Int($0) } == [best])
    let found = try #require(words.last.flatMap { Float($0) })
    #expect((found - scores[best]).magnitude <= 1e-4 * scores[best].magnitude)
  }

  @Test("What fails says why, and nothing that C hands over ends the process")
  func failures() throws {
    let folder = try TemporaryFolder()
    let source = """
      #include "luthier.h"
      #include <stdio.h>
      int main(void) {
        if (luthier_abi_version() != LUTHIER_C_ABI_VERSION) return 1;
        if (luthier_load("no_such_network", NULL) != NULL) return 2;
        puts(luthier_error());
        if (luthier_load("/no/such/file.onnx", NULL) != NULL) return 3;
        puts(luthier_error());
        luthier_options options = {.threads = -5};
        if (luthier_load("shufflenet_v2_x0_5", &options) != NULL) return 4;
        puts(luthier_error());
        luthier_options missing = {.height = 32, .width = 32, .profile = "no-such-profile.json"};
        if (luthier_load("shufflenet_v2_x0_5", &missing) != NULL) return 9;
        puts(luthier_error());
        const luthier_options wrong[] = {
          {.batch = -1}, {.batch = 100000}, {.height = 32}, {.width = 32}, {.height = -32, .width = -32},
          {.height = 32, .width = 70000}, {.profile = ""},
        };
        for (int index = 0; index < 7; index++) {
          if (luthier_load("shufflenet_v2_x0_5", &wrong[index]) != NULL) return 10 + index;
          puts(luthier_error());
        }
        luthier_options small = {.height = 32, .width = 32};
        luthier_network *network = luthier_load("shufflenet_v2_x0_5", &small);
        if (network == NULL) return 5;
        int64_t shape[8];
        if (luthier_input_count(network) != 1 || luthier_input_shape(network, 0, shape, 8) != 4) return 6;
        if (shape[2] != 32 || luthier_input_shape(network, 9, shape, 8) != -1) return 7;
        if (luthier_input_name(network, -1) != NULL || luthier_output_name(network, 0) == NULL) return 8;
        luthier_free(network);
        luthier_free(NULL);
        return 0;
      }
      """
    let run = try Self.execute([Self.compile(source, in: folder)], folder: folder.url)
    #expect(run.status == 0, "\(run.status): \(run.errors)")
    let lines = run.output.split(separator: "\n").map(String.init)
    let complaints = [
      "batch is -1", "batch is 100000", "height is 32 and width 0; give width", "height is 0 and width 32; give height",
      "height is -32", "width is 70000", "the profile is ''",
    ]
    try #require(lines.count == 4 + complaints.count)
    for (line, complaint) in zip(lines.dropFirst(4), complaints) { #expect(line.contains(complaint), "\(line)") }
    #expect(lines[0].contains("no_such_network"))
    #expect(lines[1].contains("/no/such/file.onnx"))
    #expect(lines[2].contains("threads"))
    #expect(lines[3].contains("no tuned database at no-such-profile.json"))
  }

  @Test("The documentation's Python program gives the scores that Swift gives")
  func pythonExample() throws {
    let folder = try TemporaryFolder()
    guard let python = Self.python(that: "import numpy", in: folder) else {
      try Test.cancel("no Python with NumPy is here (Debian: python3-numpy)")
    }
    let more = """

      assert scores.shape == (1, 1000) and scores.dtype == numpy.float32
      again = numpy.empty_like(scores)
      assert network.run(image[:, :, ::-1], outputs=[again])[0] is again and numpy.allclose(again, scores)
      try:
          network.run(image[:, :1])
      except luthier.LuthierError as error:
          assert "(1, 3, 224, 224)" in str(error)
      else:
          raise SystemExit("a wrong shape was taken")
      for wrong in (numpy.empty((1, 999), numpy.float32), numpy.empty((1, 1000)), numpy.empty((1000, 1), numpy.float32)):
          try:
              network.run(image, outputs=[wrong])
          except luthier.LuthierError as error:
              assert "(1, 1000)" in str(error)
          else:
              raise SystemExit("a wrong output was taken")
      fixed = image.copy()
      fixed.flags.writeable = False
      assert numpy.array_equal(network.run(fixed)[0], scores)
      try:
          luthier.Network("shufflenet_v2_x0_5", profile="no-such-profile.json", height=32, width=32)
      except luthier.LuthierError as error:
          assert "no tuned database at no-such-profile.json" in str(error)
      else:
          raise SystemExit("a profile that is not there was taken")
      print(*scores[0])
      """
    // The example names a folder that `tune` makes.
    _ = try folder.folder("TuningDB")
    let run = try Self.run(Self.example("python") + more, by: python, in: folder)
    #expect(run.status == 0, "\(run.errors)")
    let found = run.output.split(separator: " ").compactMap { Float($0.trimmingCharacters(in: .newlines)) }
    let expected = try Self.expectedScores()
    try #require(found.count == expected.count)
    let largest = expected.reduce(0) { max($0, $1.magnitude) }
    #expect(zip(found, expected).allSatisfy { ($0 - $1).magnitude <= 1e-4 * largest })
  }

  @Test("Python without NumPy reads and writes buffers in place")
  func pythonBuffers() throws {
    let folder = try TemporaryFolder()
    guard let python = Self.python(that: "pass", in: folder) else {
      try Test.cancel("no Python is here")
    }
    let program = """
      import array
      import sys

      sys.modules["numpy"] = None
      import luthier

      network = luthier.Network("shufflenet_v2_x0_5", height=32, width=32)
      picture = array.array("f", [index % 7 - 3 for index in range(3 * 32 * 32)])
      scores, again = (array.array("f", bytes(4000)) for _ in range(2))
      assert network.run(picture, outputs=[scores])[0] is scores
      network.run(memoryview(picture).cast("B").cast("f", (1, 3, 32, 32)), outputs=[memoryview(again)])
      assert any(scores) and again == scores
      try:
          network.run(picture[1:], outputs=[scores])
      except luthier.LuthierError as error:
          assert "(1, 3, 32, 32)" in str(error)
      else:
          raise SystemExit("a wrong size was taken")
      try:
          network.run(picture, outputs=[bytes(4000)])
      except luthier.LuthierError as error:
          assert "writable" in str(error)
      else:
          raise SystemExit("a constant was taken for an output")
      """
    let run = try Self.run(program, by: python, in: folder)
    #expect(run.status == 0, "\(run.errors)")
  }

  @Test("Python's forked processes load with two threads, and run their parent's network on two", arguments: [1, 2])
  func pythonForks(threads: Int) throws {
    let folder = try TemporaryFolder()
    guard let python = Self.python(that: "import multiprocessing, os; os.fork", in: folder) else {
      print("skipped: no Python that can fork is here")
      return
    }
    let program = """
      import array
      import multiprocessing
      import os
      import signal
      import sys
      import threading

      sys.modules["numpy"] = None
      import luthier

      # A pool ends its processes by a signal, which whoever runs the tests may have blocked.
      signal.pthread_sigmask(signal.SIG_UNBLOCK, signal.valid_signals())

      def run(network):
          scores = array.array("f", bytes(4000))
          network.run(array.array("f", [index % 7 - 3 for index in range(3 * 32 * 32)]), outputs=[scores])
          return scores.tobytes()

      def load(threads):
          return luthier.Network("shufflenet_v2_x0_5", height=32, width=32, threads=threads)

      def loaded(number):
          signal.alarm(100)
          return run(load(2)) == expected

      network = load(\(threads))
      expected = run(network)

      def shared():
          found = []
          threads = [threading.Thread(target=lambda: found.extend(run(network) for _ in range(20))) for _ in range(2)]
          for thread in threads: thread.start()
          for thread in threads: thread.join()
          return found == [expected] * 40

      for number in range(20):
          child = os.fork()
          if child == 0:
              signal.alarm(100)
              os._exit(0 if (loaded(number) if number % 2 else shared()) else 1)
          status = os.waitpid(child, 0)[1]
          assert status == 0, f"child {number} ended with {status}"
      # The default of Python on Linux up to 3.13.
      with multiprocessing.get_context("fork").Pool(2) as pool:
          assert pool.map_async(loaded, range(20)).get(100) == [True] * 20
      """
    let run = try Self.run(program, by: python, in: folder)
    #expect(run.status == 0, "\(run.errors)")
  }

  #if os(Linux)
    @Test("The C library shows its own functions only and needs neither the Swift runtime, pictures nor a BLAS")
    func selfContained() throws {
      let folder = try TemporaryFolder()
      let symbols = try Self.execute(["nm", "-D", "--defined-only", Self.library.path], folder: folder.url)
      try #require(symbols.status == 0, "\(symbols.errors)")
      let names = symbols.output.split(separator: "\n").compactMap { $0.split(separator: " ").last }
      #expect(names.contains("luthier_load"))
      #expect(names.allSatisfy { $0.hasPrefix("luthier_") }, "\(names.filter { !$0.hasPrefix("luthier_") }.prefix(5))")
      let dynamic = try Self.execute(["readelf", "-d", Self.library.path], folder: folder.url)
      let needed = dynamic.output.split(separator: "\n").filter { $0.contains("(NEEDED)") }
      #expect(!needed.isEmpty)
      for part in ["swift", "Foundation", "blas", "lapack", "jpeg", "png"] {
        #expect(!needed.contains { $0.lowercased().contains(part.lowercased()) }, "\(part)")
      }
    }
  #endif
}
