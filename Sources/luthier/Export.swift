import ArgumentParser
import Luthier
import Presentation

/// `luthier export`: a network as an ONNX file.
struct Export: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Write a network as an ONNX file.")

  @Argument(help: "A network of the catalog or an ONNX file.")
  var network: String

  @Option(help: "The file to write.")
  var output: String

  @OptionGroup var inputs: InputArguments

  @Flag(help: "Keep scales and shifts, such as batch normalisations, as nodes of their own beside the weights.")
  var unfolded = false

  func validate() throws { try checkFile(output, option: "--output") }

  func run() throws {
    var deployment = Deployment()
    inputs.apply(to: &deployment)
    let graph = try deployment.graph(of: network)
    try ONNXModel.write(unfolded ? graph : graph.applying([.foldScales, .removeUnused]), to: output)
  }
}
