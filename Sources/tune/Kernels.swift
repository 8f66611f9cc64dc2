import ArgumentParser
import Luthier
import Presentation

/// `tune kernels`: everything that is registered.
struct Kernels: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "List every registered kernel.")

  @Option(help: "Print as text or json.")
  var output = OutputFormat.text

  struct Row: Encodable {
    let kernel: String
    let version: Int
    let operation: String
    let family: String
    let aliases: [String]
  }

  func run() throws {
    let rows = try KernelRegistry.standard().allKernels.map { Self.row($0) }
    guard output == .text else {
      print(try JSONOutput.text(rows))
      return
    }
    var table = Table([.text("operation"), .text("kernel"), .number("version"), .text("family")])
    for row in rows { table.add([row.operation, row.kernel, "\(row.version)", row.family]) }
    print(table.text)
  }

  private static func row<Kernel: LayerKernel>(_ kernel: Kernel) -> Row {
    Row(
      kernel: kernel.identifier.name, version: kernel.version, operation: Kernel.Problem.operation,
      family: kernel.family,
      aliases: kernel.aliases.map(\.name))
  }
}
