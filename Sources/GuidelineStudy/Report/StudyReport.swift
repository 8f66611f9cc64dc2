import Charts
import Luthier

/// The study as one HTML page that needs nothing from elsewhere.
struct StudyReport {
  private let results: [ExperimentResult]
  private let options: StudyOptions
  private let host: PlatformFingerprint

  init(_ results: [ExperimentResult], options: StudyOptions, host: PlatformFingerprint) {
    self.results = results
    self.options = options
    self.host = host
  }

  var html: String {
    HTMLPage(
      title: "The ShuffleNetV2 study on \(host.name)",
      body: """
        <h1>Time, not FLOPs: the ShuffleNetV2 paper on this machine</h1>
        <p>\(Drawing.escaped(hostLine))</p>
        \(summary)
        \(results.map(section).joined(separator: "\n"))
        """
    ).html
  }

  private var hostLine: String {
    let kernels = options.family.map { "the kernels of the family '\($0)' wherever they apply" } ?? "tuned kernels"
    let size = options.size == .paper ? "" : " Tiny sizes: the figures say nothing."
    return "\(host.name): \(host.vendor) \(host.microarchitecture), \(host.physicalCores) cores; luthier "
      + "\(LibraryVersion.current), \(kernels); medians of \(options.rounds) interleaved rounds, batch 1, f32.\(size)"
  }

  private var summary: String {
    let rows = results.flatMap { result in
      result.claims.map { claim in
        "<tr><td><a href='#\(result.experiment.rawValue)'>\(result.experiment.rawValue)</a></td>"
          + "<td>\(Drawing.escaped(claim.statement))</td>\(verdict(claim))</tr>"
      }
    }
    return "<h2>What holds here</h2><table><tr><th>experiment</th><th>claim</th><th>verdict</th></tr>"
      + rows.joined() + "</table>"
  }

  private func verdict(_ claim: ExperimentResult.Claim) -> String {
    let kind =
      switch claim.holds {
      case true?: "holds"
      case false?: "fails"
      case nil: "noise"
      }
    return "<td class='\(kind)'>\(claim.verdict)</td>"
  }

  private func section(_ result: ExperimentResult) -> String {
    let claims = result.claims.map { claim in
      "<tr><td>\(Drawing.escaped(claim.statement))</td><td>\(Drawing.escaped(claim.paper))</td>"
        + "<td>\(Drawing.escaped(claim.here))</td>\(verdict(claim))</tr>"
    }
    return """
      <h2 id="\(result.experiment.rawValue)">\(Drawing.escaped(result.experiment.question))</h2>
      <table><tr><th>claim</th><th>the paper</th><th>this machine</th><th>verdict</th></tr>\(claims.joined())</table>
      \(result.pictures.map(\.svg).joined(separator: "\n"))
      <details><summary>The table (\(result.rows.count) rows, measured in \(Figures.fixed(result.seconds, 0)) s)</summary>
      \(table(result))</details>
      \(result.notes.map { "<p class='note'>\(Drawing.escaped($0))</p>" }.joined(separator: "\n"))
      """
  }

  private func table(_ result: ExperimentResult) -> String {
    HTMLPage.table(
      result.columns.map { ($0.title, $0.digits != nil) },
      rows: result.rows.map { row in zip(result.columns, row).map { $0.text(of: $1) } })
  }
}

extension ExperimentResult.Column {
  /// A cell of this column for people: empty where there is nothing.
  public func text(of cell: ExperimentResult.Cell) -> String {
    switch cell {
    case .text(let text): text
    case .number(let number): Figures.fixed(number, digits ?? 0)
    case .none: ""
    }
  }
}
