import Foundation
#if canImport(FoundationXML)
  import FoundationXML
#endif
import Testing

@Suite("The program luthier")
struct LuthierProgramTests {
  @Test("bench and profile give tables and JSON")
  func benchAndProfile() throws {
    let network = ["shufflenet_v2_x0_5", "--input-size", "32", "--runs", "3"]
    let bench = try ProgramRun("luthier", ["bench"] + network + ["--output", "json"])
    #expect(bench.status == 0, "\(bench.errors)")
    #expect(bench.errors.contains("no tuned profile"))
    let result = try bench.object()
    for key in ["network", "threads", "median_ms", "min_ms", "spread", "runs"] { #expect(result[key] != nil, "\(key)") }
    #expect(try #require(result["median_ms"] as? Double) > 0)
    let profile = try ProgramRun("luthier", ["profile"] + network + ["--output", "json"])
    let layers = try #require(try profile.object()["layers"] as? [[String: Any]])
    #expect(layers.filter { $0["is_conversion"] as? Bool == false }.count == 59)
    #expect(layers.allSatisfy { ($0["gflops"] as? Double ?? -1) >= 0 })
  }

  @Test("profile sets each layer beside the measured roofline, shows channel movements as nothing, and draws it")
  func roofline() throws {
    let folder = try TemporaryFolder()
    let picture = try folder.file("roofline.svg")
    let run = try ProgramRun(
      "luthier",
      [
        "profile", "shufflenet_v2_x0_5", "--input-size", "64", "--runs", "3", "--output", "json", "--picture", picture,
      ])
    #expect(run.status == 0, "\(run.errors)")
    let profile = try run.object()
    let roofline = try #require(profile["roofline"] as? [String: Any])
    let bandwidth = try #require(roofline["bandwidth"] as? [String: Any])
    let (l2, memory) = (bandwidth["l2"] as? Double ?? 0, bandwidth["memory"] as? Double ?? 0)
    #expect(memory > 0 && l2 > memory)
    let peak = try #require(roofline["peak"] as? Double)
    let layers = try #require(profile["layers"] as? [[String: Any]])
    for layer in layers {
      let bytes = try #require(layer["bytes"] as? Double)
      let time = try #require(layer["median_us"] as? Double) * 1e3
      let fraction = try #require(layer["fraction_of_roofline"] as? Double)
      let gflops = try #require(layer["gflops"] as? Double)
      // The least time is at least that of the arithmetic, and that of the bytes at the fastest level.
      #expect(fraction * time >= gflops * time / peak * 0.999)
      #expect(fraction * time >= bytes / max(l2, memory) * 0.999 || bytes == 0)
      #expect(["arithmetic", "bytes"].contains(layer["bound"] as? String))
    }
    // ShuffleNetV2 has 16 concatenations with their shuffles, and 13 blocks that split; none of them is a step.
    let movements = try #require(profile["free_movements"] as? [String])
    #expect(movements.count { $0.hasPrefix("concat") } == 16)
    #expect(movements.count { $0.hasPrefix("split") } == 26)
    #expect(movements.count { $0.hasPrefix("shuffle") } == 3)
    #expect(!layers.contains { ($0["problem"] as? String)?.hasPrefix("rearrangement") == true })

    let drawing = try XMLDocument(contentsOf: URL(fileURLWithPath: picture))
    let circles = try drawing.nodes(forXPath: "//*[local-name()='circle']")
    #expect(circles.count == layers.count { ($0["gflops"] as? Double ?? 0) > 0 })
    #expect(try !String(contentsOfFile: picture, encoding: .utf8).contains("href"))
  }

  @Test("flops counts 144.9 million multiply-adds for ShuffleNetV2 x1.0: table 8 of the paper has 146, within 1 %")
  func flops() throws {
    let run = try ProgramRun("luthier", ["flops", "shufflenet_v2_x1_0", "--output", "json"])
    let rows = try #require(try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [[String: Any]])
    let products = rows.filter { row in
      let problem = row["problem"] as? String ?? ""
      return problem.hasPrefix("convolution") || problem.hasPrefix("matrix-multiply")
    }
    // The comparisons of the pooling that is one with the first convolution are no products.
    let comparisons = 24 * 56 * 56 * 9
    let operations = products.reduce(-comparisons) { $0 + ($1["flops_with_bias"] as? Int ?? 0) }
    #expect(operations / 2 == 143_883_992 + 1_024_000)
    #expect((Double(operations) / 2 / 146e6 - 1).magnitude < 0.01)
  }

  @Test("detect finds the four people of the shared photo and draws them")
  func detect() throws {
    let folder = Checkout.models.appendingPathComponent("fastestdet")
    guard Checkout.hasModels else {
      try Test.cancel("shared/models is not beside the checkout")
    }
    let output = try TemporaryFolder()
    let picture = try output.file("boxes.png")
    let run = try ProgramRun(
      "luthier",
      [
        "detect", folder.appendingPathComponent("photo.jpg").path, "--network",
        folder.appendingPathComponent("model.onnx").path,
        "--labels", folder.appendingPathComponent("coco.names").path, "--output", picture, "--format", "json",
      ])
    #expect(run.status == 0, "\(run.errors)")
    let found = try #require(try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [[String: Any]])
    let file = folder.appendingPathComponent("expected_detections.json")
    let expected = try #require(
      (try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any])?["detections"]
        as? [[String: Any]])
    #expect(found.count == expected.count)
    for person in expected {
      let box = try #require(person["box"] as? [Double])
      let score = try #require(person["score"] as? Double)
      #expect(
        found.contains { candidate in
          guard let other = candidate["box"] as? [Double], let otherScore = candidate["score"] as? Double else {
            return false
          }
          return overlap(box, other) >= 0.9 && (otherScore - score).magnitude <= 0.05
            && candidate["label"] as? String == person["label"] as? String
        })
    }
    #expect(try Data(contentsOf: URL(fileURLWithPath: picture)).starts(with: [0x89, 0x50, 0x4E, 0x47]))
  }

  func overlap(_ a: [Double], _ b: [Double]) -> Double {
    let width = min(a[2], b[2]) - max(a[0], b[0])
    let height = min(a[3], b[3]) - max(a[1], b[1])
    guard width > 0, height > 0 else { return 0 }
    let shared = width * height
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)
  }

  @Test("classify prints the most likely classes of the shared photo")
  func classify() throws {
    guard Checkout.hasModels else {
      try Test.cancel("shared/models is not beside the checkout")
    }
    let photo = Checkout.models.appendingPathComponent("fastestdet/photo.jpg").path
    let model = Checkout.models.appendingPathComponent("shufflenet_v2_x1_0/model.onnx").path
    let run = try ProgramRun("luthier", ["classify", photo, "--network", model, "--output", "json"])
    let rows = try #require(try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [[String: Any]])
    #expect(rows.count == 5)
    let probabilities = rows.compactMap { $0["probability"] as? Double }
    #expect(probabilities == probabilities.sorted(by: >))
  }

  @Test("run reproduces the expected output of a real model")
  func runModel() throws {
    guard Checkout.hasModels else {
      try Test.cancel("shared/models is not beside the checkout")
    }
    let folder = Checkout.models.appendingPathComponent("shufflenet_v2_x0_5")
    let output = try TemporaryFolder()
    let path = try output.file("output.pb")
    let run = try ProgramRun(
      "luthier",
      [
        "run", folder.appendingPathComponent("model.onnx").path, "--input",
        folder.appendingPathComponent("test_data_set_0/input_0.pb").path, "--output", path,
      ])
    #expect(run.status == 0, "\(run.errors)")
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)).count > 4000)
  }

  @Test("study runs an experiment at tiny sizes, prints its table as JSON, and writes report and pictures; it resumes")
  func study() throws {
    let folder = NSTemporaryDirectory() + "luthier-study-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let arguments = [
      "study", "guideline2", "--size", "tiny", "--rounds", "2", "--threads", "1", "--folder", folder, "--output",
      "json",
    ]
    let first = try ProgramRun("luthier", arguments)
    #expect(first.status == 0, "\(first.errors)")
    let result = try #require(try JSONSerialization.jsonObject(with: Data(first.output.utf8)) as? [String: Any])
    let experiments = try #require(result["experiments"] as? [[String: Any]])
    let rows = try #require(experiments.first?["rows"] as? [[String: Any]])
    #expect(rows.compactMap { $0["groups"] as? Double } == [1, 2, 4, 8])
    #expect(rows.allSatisfy { ($0["median_ms"] as? Double ?? 0) > 0 })
    for file in ["report.html", "guideline2-1.svg", "guideline2.json"] {
      #expect(FileManager.default.fileExists(atPath: "\(folder)/\(file)"), "\(file)")
    }
    let second = try ProgramRun("luthier", arguments)
    #expect(second.output == first.output)
    #expect(second.errors.contains("kept from before"))
  }

  @Test(
    "study refuses an experiment, family or thread count that it does not know",
    arguments: [
      ["guideline9"], ["all", "--kernels", "nonsense"], ["all", "--threads", "0"], ["all", "--rounds", "0"],
    ])
  func studyArguments(arguments: [String]) throws {
    let run = try ProgramRun("luthier", ["study"] + arguments + ["--folder", "/no/such/folder"])
    #expect(run.status == 64)
    #expect(run.output.isEmpty)
  }

  @Test("design check names the groups of ShuffleNetV1 with times, and nothing of a file that is not there")
  func design() throws {
    let folder = NSTemporaryDirectory() + "luthier-design-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let run = try ProgramRun(
      "luthier",
      [
        "design", "check", "shufflenet_v1_g8_x0_5", "--input-size", "32", "--kernels", "im2col", "--rounds", "2",
        "--folder", folder, "--output", "json",
      ])
    #expect(run.status == 0, "\(run.errors)")
    let report = try #require(try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
    let findings = try #require(report["findings"] as? [[String: Any]])
    let groups = findings.filter { $0["guideline"] as? Int == 2 }
    // Sixteen units of two grouped 1×1 convolutions; the first unit's first is not grouped.
    #expect(groups.count == 31)
    #expect(groups.allSatisfy { ($0["alternative_ms"] as? Double ?? 0) > 0 && ($0["alone_ms"] as? Double ?? 0) > 0 })
    let missing = try ProgramRun("luthier", ["design", "check", "/no/such/model.onnx", "--folder", folder])
    #expect(missing.status == 66)
  }
}
