import ArgumentParser
import Luthier
import Presentation

/// `tune kernels`: everything that is registered.
struct Kernels: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "List every registered kernel: where it comes from and what it is for.")

  @Option(help: "Ask the kernels about one problem, given by its key, instead of the usual kinds of layers.")
  var problem: String?

  @OptionGroup var plugins: PluginArguments

  @OptionGroup var printing: TableArguments

  struct Row: Encodable {
    let kernel: String
    let version: Int
    let operation: String
    let family: String
    let aliases: [String]
    let origin: String
    /// The kinds of problems that the kernel applies to; nil where none is known of its operation.
    let applies_to: [String]?
  }

  struct Answer: Encodable {
    let kernel: String
    let version: Int
    let origin: String
    let applies: Bool
    let reason: String?
    let candidates: Int
    /// How many more a thorough tuning considers.
    let further_candidates: Int
  }

  func run() throws {
    let registry = try plugins.registry()
    if let problem { try printAnswers(of: registry, to: problem) } else { try printKernels(of: registry) }
  }

  private func printKernels(of registry: KernelRegistry) throws {
    let rows = registry.allKernels.map { Self.row($0, registry) }
    guard printing.format == .text else {
      print(try JSONOutput.text(rows))
      return
    }
    var table = Table([
      .text("operation"), .text("kernel"), .number("version"), .text("family"), .text("origin"), .text("applies to"),
    ])
    for row in rows {
      let scope = row.applies_to.map { $0.isEmpty ? "none of the usual kinds" : $0.joined(separator: ", ") }
      table.add([row.operation, row.kernel, "\(row.version)", row.family, row.origin, scope ?? "ask with --problem"])
    }
    print(table.text)
  }

  private func printAnswers(of registry: KernelRegistry, to text: String) throws {
    let rows = Self.answers(of: registry, to: try registry.problem(for: ProblemKey(parsing: text)))
    guard printing.format == .text else {
      print(try JSONOutput.text(rows))
      return
    }
    var table = Table([
      .text("kernel"), .number("version"), .text("origin"), .number("candidates"), .number("further"), .text("why not"),
    ])
    for row in rows {
      table.add([
        row.kernel, "\(row.version)", row.origin, "\(row.candidates)", "\(row.further_candidates)", row.reason ?? "",
      ])
    }
    print(table.text)
  }

  private static func row<Kernel: LayerKernel>(
    _ kernel: Kernel, _ registry: KernelRegistry
  ) -> Row {
    Row(
      kernel: kernel.identifier.name, version: kernel.version, operation: Kernel.Problem.operation,
      family: kernel.family, aliases: kernel.aliases.map(\.name), origin: registry.origin(of: kernel).description,
      applies_to: kernel.scope)
  }

  private static func answers<Problem: LayerProblem>(of registry: KernelRegistry, to problem: Problem) -> [Answer] {
    let further = registry.furtherCandidates(for: problem)
    return zip(registry.kernels(for: Problem.self), registry.answers(for: problem)).map { kernel, answer in
      var reason: String?
      if case .refused(let text) = answer.applicability { reason = text }
      return Answer(
        kernel: answer.kernel.name, version: answer.version, origin: registry.origin(of: kernel).description,
        applies: reason == nil, reason: reason, candidates: answer.candidates.count,
        further_candidates: further.count { $0.kernel == answer.kernel })
    }
  }
}
