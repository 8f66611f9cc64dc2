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
    let model = try arguments.deployment().loadModel(network.network)
    let input = try PictureInput(of: model)
    let preparation = try Preprocessing.imageNet(width: input.width, height: input.height)
    let best = try classes(in: model.run([input.tensor(of: picture, preparation)]))
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

  /// The classes of the first output: the best of its scores, or the one that it names itself.
  private func classes(in outputs: [TypedTensor]) throws -> [Classification] {
    guard let output = outputs.first else { return [] }
    if output.type.isInteger, output.shape.elementCount == 1 {
      return output.integers.map { Classification(classIndex: $0, probability: 1) }
    }
    return try Classification.best(top, in: output.asFloats)
  }
}
