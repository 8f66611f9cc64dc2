import ArgumentParser
import Autotuner
import GuidelineStudy
import Luthier
import Presentation

/// `luthier design`: tools for people who design networks.
struct Design: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Tools for designers of networks.", subcommands: [CheckDesign.self])
}

/// `luthier design check`: the four guidelines applied to a network.
struct CheckDesign: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Name the layers that go against the four guidelines, what they cost here, and what would keep them.")

  @Argument(help: "An ONNX file or a network of the catalog.")
  var network: String

  @OptionGroup var inputs: InputArguments

  @OptionGroup var arguments: StudyArguments

  @Option(help: "Threads that run the network.")
  var threads = 1

  @OptionGroup var printing: TableArguments

  func validate() throws { try checkThreads(threads) }

  func run() throws {
    var deployment = Deployment()
    inputs.apply(to: &deployment)
    let graphs = try deployment.graphs(of: network)
    guard !graphs.isEmpty else { throw NoLayers(network: network) }
    let progress = ProgressLine()
    let check = try DesignCheck(
      arguments.options(), threads: threads, cancellation: .onInterrupt(), report: StudyProgress(progress).show)
    let reports = try graphs.map { try check.check($0) }
    progress.clear()
    guard printing.format == .text else {
      // Of a model that is one network of layers, as most are, there is one report.
      print(try reports.count == 1 ? JSONOutput.text(reports[0]) : JSONOutput.text(reports))
      return
    }
    print(reports.map { text($0) }.joined(separator: "\n\n"))
  }

  private func text(_ report: DesignCheck.Report) -> String {
    var table = Table([
      .text("G"), .text("layers"), .text("against the guideline"), .number("MFLOP"), .number("in the network"),
      .number("alone"), .number("instead"), .number("saving"), .number("±"), .text("at equal FLOPs"),
    ])
    for row in report.findings {
      table.add([
        "\(row.guideline)", row.layers.joined(separator: ", "), row.reason, Figures.fixed(Double(row.flops) / 1e6, 2),
        Figures.time(nanoseconds: row.in_network_ms * 1e6), Figures.time(nanoseconds: row.alone_ms * 1e6),
        row.alternative_ms.map { Figures.time(nanoseconds: $0 * 1e6) } ?? "-",
        row.saving_ms.map { Figures.time(nanoseconds: $0 * 1e6) } ?? "-", Figures.percent(row.spread), row.alternative,
      ])
    }
    return (report.findings.isEmpty ? "" : table.text + "\n\n")
      + "\(report.network), \(report.threads) thread\(report.threads == 1 ? "" : "s"): "
      + "\(Figures.fixed(report.network_ms, 3)) ms in \(report.layer_count) layers; "
      + (1...4).map { guideline in
        "G\(guideline) \(report.findings.filter { $0.guideline == guideline }.count)"
      }.joined(separator: ", ")
  }
}

/// A model without a layer, of which nothing can be tuned or compared.
struct NoLayers: ExitStatusProviding, CustomStringConvertible {
  let network: String
  var exitStatus: ExitStatus { .badData }
  var description: String { "\(network) has no layers that kernels compute; 'luthier inspect' lists its operators" }
}
