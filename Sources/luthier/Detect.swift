import ArgumentParser
import Luthier
import Presentation

/// `luthier detect`: where things are on a photo.
struct Detect: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Find objects on a photo with a FastestDet model, print a line a box, and draw them.")

  @Argument(help: "A JPEG or PNG file.")
  var photo: String

  @OptionGroup var network: NetworkArgument

  @Option(help: "A text file with a label a line.")
  var labels: String?

  @Option(name: .customLong("output"), help: "Where to draw the boxes: a PNG or JPEG file.")
  var picture: String?

  @Option(help: "Boxes with a lower score are dropped.")
  var threshold: Float = 0.65

  @Option(help: "A box that overlaps a better one of its class by more is dropped (intersection over union).")
  var overlap: Float = 0.45

  @OptionGroup var arguments: DeploymentArguments

  @Option(help: "Print as text or json.")
  var format = OutputFormat.text

  @Flag(help: "The same as --format json.")
  var json = false

  func validate() throws {
    try checkFile(picture, option: "--output", format: "--format")
    guard (0...1).contains(threshold) else { throw ValidationError("--threshold is \(threshold); allowed are 0 to 1.") }
    guard (0...1).contains(overlap) else { throw ValidationError("--overlap is \(overlap); allowed are 0 to 1.") }
  }

  struct Row: Encodable {
    let label: String
    let score: Float
    /// Left, top, right, bottom, in pixels.
    let box: [Double]
  }

  func run() throws {
    var photograph = try Picture(contentsOf: photo)
    let names = try labels.map { try Labels(contentsOf: $0) }
    let compiled = try arguments.deployment().load(network.network)
    let size = try compiled.pictureSize()
    let tensor = try Preprocessing.detector(width: size.width, height: size.height).tensor(of: photograph)
    var head = FastestDetHead()
    head.threshold = threshold
    head.overlap = overlap
    let detections = try head.detections(in: compiled.run([tensor])[0])
    let rows = detections.map { detection in
      Row(
        label: names?[detection.classIndex] ?? "class \(detection.classIndex)", score: detection.score,
        box: [
          Double(detection.box.left) * Double(photograph.width), Double(detection.box.top) * Double(photograph.height),
          Double(detection.box.right) * Double(photograph.width),
          Double(detection.box.bottom) * Double(photograph.height),
        ])
    }
    if let picture {
      for (detection, row) in zip(detections, rows) {
        photograph.draw(
          PictureBox(left: row.box[0], top: row.box[1], right: row.box[2], bottom: row.box[3]),
          label: "\(row.label) \(Figures.fixed(Double(row.score), 2))", color: .ofClass(detection.classIndex))
      }
      if picture.lowercased().hasSuffix(".jpg") || picture.lowercased().hasSuffix(".jpeg") {
        try photograph.write(jpeg: picture)
      } else {
        try photograph.write(png: picture)
      }
    }
    guard format == .text, !json else {
      print(try JSONOutput.text(rows))
      return
    }
    for row in rows {
      print(
        "\(row.label) \(Figures.fixed(Double(row.score), 4)) "
          + row.box.map { Figures.fixed($0, 1) }.joined(separator: " "))
    }
  }
}
