import ArgumentParser
import Luthier
import Presentation

/// `luthier classify`: what is on a photo.
struct Classify: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Say what is on a photo.")

  @Argument(help: "A JPEG or PNG file.")
  var photo: String

  @OptionGroup var network: NetworkArgument

  @Option(help: "A text file with a label a line.")
  var labels: String?

  @Option(help: "How many classes to print.")
  var top = 5

  @OptionGroup var arguments: DeploymentArguments

  @OptionGroup var printing: TableArguments

  func validate() throws {
    guard (1...10_000).contains(top) else { throw ValidationError("--top is \(top); allowed are 1 to 10000.") }
  }

  struct Row: Encodable {
    let class_index: Int
    let label: String?
    let probability: Float
  }

  func run() throws {
    let picture = try Picture(contentsOf: photo)
    let names = try labels.map { try Labels(contentsOf: $0) }
    let compiled = try arguments.deployment().load(network.network)
    let size = try compiled.pictureSize()
    let tensor = try Preprocessing.imageNet(width: size.width, height: size.height).tensor(of: picture)
    let best = try Classification.best(top, in: compiled.run([tensor])[0])
    guard printing.format == .text else {
      let rows = best.map { Row(class_index: $0.classIndex, label: names?[$0.classIndex], probability: $0.probability) }
      print(try JSONOutput.text(rows))
      return
    }
    for result in best {
      print(
        "\(Figures.fixed(Double(result.probability), 4))  \(names?[result.classIndex] ?? "class \(result.classIndex)")")
    }
  }
}

extension CompiledNetwork {
  /// Rows and columns of the one picture that the network takes.
  ///
  /// - Throws: ``VisionError/inputShape(found:)`` when it takes anything else.
  func pictureSize() throws(VisionError) -> (width: Int, height: Int) {
    guard inputs.count == 1, inputs[0].shape.rank == 4, inputs[0].shape[0] == 1, inputs[0].shape[1] == 3 else {
      throw .inputShape(found: inputs.first?.shape ?? .scalar)
    }
    return (inputs[0].shape[3], inputs[0].shape[2])
  }
}
