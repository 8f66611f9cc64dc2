import ArgumentParser
import Luthier
import Presentation

/// `luthier run`: a network on tensors in ONNX's own form.
struct RunNetwork: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Run a network on tensors, as ONNX's test cases keep them.")

  @Argument(help: "An ONNX file or a network of the catalog.")
  var network: String

  @Option(help: "A TensorProto file for each input, in order.")
  var input: [String]

  @Option(help: "Where each output goes, in order.")
  var output: [String]

  @OptionGroup var arguments: DeploymentArguments

  func validate() throws {
    for path in output { try checkFile(path, option: "--output") }
  }

  func run() throws {
    let deployment = try arguments.deployment()
    let tensors = try input.map { try TensorFile.readTyped($0) }
    let model = try deployment.loadModel(network)
    guard output.count <= model.outputs.count else {
      throw ValidationError(
        "--output is given \(output.count) times, but the network has \(model.outputs.count) outputs.")
    }
    let results = try model.run(tensors)
    for (path, (port, tensor)) in zip(output, zip(model.outputs, results)) {
      try TensorFile.write(tensor, named: port.name, to: path)
    }
  }
}
