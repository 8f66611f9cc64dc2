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

  @Flag(help: "Write the network as the passes leave it: batch normalisations folded, epilogues fused.")
  var optimized = false

  func run() throws {
    var deployment = Deployment()
    inputs.apply(to: &deployment)
    let graph = try deployment.graph(of: network)
    try ONNXModel.write(optimized ? graph.applying(GraphPass.standard) : graph, to: output)
  }
}
