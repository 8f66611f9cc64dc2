import ArgumentParser
import Luthier
import Presentation

/// `luthier compile`: a network as one file that is mapped instead of loaded.
struct CompileNetwork: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compile",
    abstract: "Write a network with its kernels and packed weights as one file, which loads by being mapped.",
    discussion: """
      Every command that runs a network takes the file in place of the model. It is for this kind of host, this version of \
      Luthier and the sizes given here; elsewhere it is refused, or packed anew from the ONNX file of the same name beside it.
      """)

  @Argument(help: "An ONNX file or a network of the catalog.")
  var network: String

  @Option(name: [.customShort("o"), .long], help: "The file to write, NAME.luthier.")
  var output: String

  @OptionGroup var arguments: DeploymentArguments

  func validate() throws { try checkFile(output, option: "--output") }

  func run() throws { try arguments.deployment().compile(network, to: output) }
}
