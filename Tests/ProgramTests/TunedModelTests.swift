import Foundation
import Luthier
import Testing

@Suite("Real models, tuned")
struct TunedModelTests {
  @Test(
    "A tuned profile gives the expected outputs, and the deployment says that it uses the profile",
    arguments: ["shufflenet_v2_x0_5", "shufflenet_v2_x1_0", "fastestdet"])
  func outputs(name: String) throws {
    let model = Checkout.models.appendingPathComponent(name)
    guard FileManager.default.fileExists(atPath: model.path) else {
      try Test.cancel("\(name) is not here (shared/models beside the checkout)")
    }
    let folder = try TemporaryFolder()
    let file = model.appendingPathComponent("model.onnx").path
    let database = folder.url.appendingPathComponent("database").path
    let tuned = try ProgramRun(
      "tune", ["--platform", "this-host", "--network", file, "--effort", "quick", "--database", database])
    #expect(tuned.status == 0, "\(tuned.errors)")

    let data = model.appendingPathComponent("test_data_set_0")
    let output = folder.url.appendingPathComponent("output_0.pb").path
    let run = try ProgramRun(
      "luthier",
      [
        "run", file, "--input", data.appendingPathComponent("input_0.pb").path, "--output", output, "--profile",
        database,
      ], environment: ["LUTHIER_VERBOSE": "1"])
    #expect(run.status == 0, "\(run.errors)")
    #expect(!run.errors.contains("no tuned profile"))
    #expect(run.errors.contains("[exact, the network's profile in "))
    let expected = try TensorFile.read(data.appendingPathComponent("output_0.pb").path)
    let found = try TensorFile.read(output)
    #expect(found.shape == expected.shape)
    let largest = expected.elements.reduce(0) { max($0, $1.magnitude) }
    let difference = zip(found.elements, expected.elements).reduce(0) { max($0, ($1.0 - $1.1).magnitude) }
    #expect(difference <= 1e-4 * largest)
  }

  @Test("The database is found where LUTHIER_TUNING_DB says, and else in the user's data folder")
  func places() throws {
    let folder = try TemporaryFolder()
    let network = ["shufflenet_v2_x0_5", "--input-size", "32"]
    let bench = ["bench"] + network + ["--runs", "1"]
    for (variable, place) in [("LUTHIER_TUNING_DB", "named"), ("XDG_DATA_HOME", "data")] {
      // An empty working folder: the checkout's own databases are not in sight.
      // What LUTHIER_TUNING_DB names has to be there.
      let home = folder.url.appendingPathComponent(place)
      try FileManager.default.createDirectory(at: home, withIntermediateDirectories: true)
      let environment = [variable: home.path]
      let before = try ProgramRun("luthier", bench, environment: environment, folder: folder.url)
      #expect(before.errors.contains("no tuned profile"))
      let tuned = try ProgramRun(
        "tune", ["--platform", "this-host", "--effort", "quick", "--network"] + network, environment: environment,
        folder: folder.url)
      #expect(tuned.status == 0, "\(tuned.errors)")
      let after = try ProgramRun("luthier", bench, environment: environment, folder: folder.url)
      #expect(after.status == 0 && !after.errors.contains("no tuned profile"), "\(after.errors)")
    }
  }
}
