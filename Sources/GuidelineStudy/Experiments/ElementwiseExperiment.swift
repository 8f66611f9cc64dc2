import Luthier

/// Guideline 4 (section 2, table 4): ten bottlenecks with and without ReLU and shortcut; and the same with the element-wise
/// operations as layers of their own instead of in epilogues.
struct ElementwiseExperiment {
  let workbench: StudyWorkbench

  /// The rows of table 4.
  static let forms: [(relu: Bool, shortcut: Bool)] = [(true, true), (true, false), (false, true), (false, false)]

  func run() throws -> ExperimentResult {
    let blocks = GuidelineBlocks.ofSize(workbench.options.size)
    let channels = workbench.options.size == .paper ? GuidelineBlocks.table4 : [GuidelineBlocks.table4[0]]
    let unfused = GraphPass.standard.filter { $0.name != GraphPass.fuseEpilogues.name }
    let groups = try channels.map { channels in
      (
        "c = \(channels)",
        try [true, false].flatMap { isFused in
          try Self.forms.map { form in
            BlockComparison.Variant(
              cells: [
                .text(form.relu ? "yes" : "no"), .text(form.shortcut ? "yes" : "no"),
                .text(isFused ? "epilogue" : "own layer"),
              ],
              name: (form.relu ? "ReLU" : "") + (form.shortcut ? (form.relu ? "+" : "") + "shortcut" : "")
                + (form.relu || form.shortcut ? "" : "neither") + (isFused ? "" : ", apart"),
              graph: try blocks.bottleneck(channels: channels, rectified: form.relu, shortcut: form.shortcut),
              passes: isFused ? GraphPass.standard : unfused)
          }
        }
      )
    }
    var result = try BlockComparison(
      workbench: workbench, experiment: .elementwise,
      labels: [.text("relu", "ReLU"), .text("shortcut", "shortcut"), .text("elementwise", "element-wise as")]
    ).run(groups)
    addClaims(to: &result)
    result.notes = ["The bottleneck's inner channels are a quarter of c, as in ResNet; the paper does not say."]
    return result
  }

  private func addClaims(to result: inout ExperimentResult) {
    let cell = result.cell
    func row(_ relu: String, _ shortcut: String, _ form: String) -> ([ExperimentResult.Cell]) -> Bool {
      {
        cell($0, "relu") == .text(relu) && cell($0, "shortcut") == .text(shortcut)
          && cell($0, "elementwise") == .text(form)
      }
    }
    let paper =
      "× the time of neither, at the three widths: ARM \(PaperFigures.slowdowns(PaperFigures.elementwise.arm, of: 0, to: 3)); "
      + "GPU \(PaperFigures.slowdowns(PaperFigures.elementwise.gpu, of: 0, to: 3))"
    for (form, text) in [("own layer", "as layers of their own"), ("epilogue", "in the convolutions' epilogues")] {
      let found = result.ratios(of: row("yes", "yes", form), to: row("no", "no", form))
      result.claims.append(
        .init(
          "ReLU and shortcut take time \(text)", paper: paper, here: found.texts.joined(separator: ", "),
          holds: found.takesLonger))
    }
    let found = result.ratios(of: row("yes", "yes", "own layer"), to: row("yes", "yes", "epilogue"))
    result.claims.append(
      .init(
        "Our own answer: element-wise layers apart take longer than the same in epilogues", paper: "not in the paper",
        here: found.texts.joined(separator: ", "), holds: found.takesLonger))
  }
}
