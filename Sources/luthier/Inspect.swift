import ArgumentParser
import Luthier
import Presentation

/// `luthier inspect`: what a model is, and everything that would keep it from being loaded.
struct Inspect: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print a model's inputs, outputs, operators, parameters and FLOPs, and everything in it that is refused.",
    discussion:
      "Ends with exit code 65 when something is refused. Of a compiled network all weights are read and checked.")

  @Argument(help: "An ONNX file, a compiled network or a network of the catalog.")
  var network: String

  @OptionGroup var inputs: InputArguments

  @OptionGroup var plugins: PluginArguments

  @OptionGroup var printing: TableArguments

  func run() throws {
    if Deployment.isCompiledFile(network) {
      let description = try CompiledDescription(network)
      switch printing.format {
      case .json: print(try JSONOutput.text(description))
      case .text: print(description.text)
      }
      return
    }
    var deployment = Deployment()
    inputs.apply(to: &deployment)
    _ = try plugins.registry()
    deployment.operators = plugins.operators()
    let description = try ModelDescription(network, deployment)
    switch printing.format {
    case .json: print(try JSONOutput.text(description))
    case .text: print(description.text)
    }
    if !description.refused.isEmpty { throw RefusedModel(name: description.name, count: description.refused.count) }
  }
}

/// Says by the exit code that a model cannot be loaded.
struct RefusedModel: ExitStatusProviding, CustomStringConvertible {
  let name: String
  let count: Int
  var exitStatus: ExitStatus { .badData }
  var description: String { "\(name) cannot be loaded: \(count) \(count == 1 ? "thing is" : "things are") refused" }
}
