import Luthier

/// Guideline 3 (section 2, table 3): ten blocks of one 1×1 convolution, or of several one after the other or side by side, of equal
/// FLOPs.
struct FragmentExperiment {
  let workbench: StudyWorkbench

  func run() throws -> ExperimentResult {
    let blocks = GuidelineBlocks.ofSize(workbench.options.size)
    let rows = GuidelineBlocks.Fragments.table3
    let groups = try GuidelineBlocks.widths(workbench.options.size).map { width in
      let channels = GuidelineBlocks.table3.arm * width
      return (
        "c = \(channels)",
        try rows.map { fragments in
          let own = GuidelineBlocks.fragmentChannels(fragments, matching: channels)
          return BlockComparison.Variant(
            cells: [.text(fragments.description), .number(Double(own))], name: fragments.description,
            graph: try blocks.fragmented(fragments, channels: own))
        }
      )
    }
    var result = try BlockComparison(
      workbench: workbench, experiment: .fragments,
      labels: [.text("fragments", "block"), .number("channels", "channels")]
    ).run(groups)
    for (index, row) in rows.enumerated().dropFirst() {
      let cell = result.cell
      let found = result.ratios(
        of: { cell($0, "fragments") == .text(row.description) },
        to: { cell($0, "fragments") == .text(rows[0].description) })
      result.claims.append(
        .init(
          "At equal FLOPs, \(row.description) takes longer than one convolution",
          paper: "× the time of one: ARM \(PaperFigures.slowdowns(PaperFigures.fragments.arm, of: index)); "
            + "GPU \(PaperFigures.slowdowns(PaperFigures.fragments.gpu, of: index))",
          here: found.texts.joined(separator: ", "), holds: found.takesLonger))
    }
    result.notes = [
      "Fragments have c/√n channels, so that n of them have the FLOPs of one convolution of c channels.",
      "Parallel fragments are added, which here rides in their epilogues.",
    ]
    return result
  }
}
