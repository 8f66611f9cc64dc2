import Luthier

/// Guideline 2 (section 2, table 2): ten 1×1 convolutions in groups, of equal FLOPs.
package struct GroupExperiment {
  let workbench: StudyWorkbench

  func run() throws -> ExperimentResult {
    let blocks = GuidelineBlocks.ofSize(workbench.options.size)
    let groups = try GuidelineBlocks.widths(workbench.options.size).map { width in
      (
        "×\(width)",
        try GuidelineBlocks.table2.map { row in
          let channels = row.arm * width
          let plane = Double(blocks.size * blocks.size)
          let work = plane * Double(channels * channels) / Double(row.groups)
          return BlockComparison.Variant(
            cells: [.number(Double(row.groups)), .number(Double(channels))], name: "g = \(row.groups)",
            graph: try blocks.grouped(channels: channels, groups: row.groups),
            formula: Self.memoryAccessCost(
              plane: plane, inputs: Double(channels), groups: Double(row.groups), work: work))
        }
      )
    }
    var result = try BlockComparison(
      workbench: workbench, experiment: .groups, labels: [.number("groups", "groups"), .number("channels", "c")]
    ).run(groups)
    for (index, row) in GuidelineBlocks.table2.enumerated().dropFirst() {
      let cell = result.cell
      let found = result.ratios(
        of: { cell($0, "groups").number == Double(row.groups) }, to: { cell($0, "groups").number == 1 })
      result.claims.append(
        .init(
          "At equal FLOPs, \(row.groups) groups take longer than one",
          paper:
            "× the time of one group at ×1, ×2, ×4: ARM \(PaperFigures.slowdowns(PaperFigures.groups.arm, of: index)); "
            + "GPU \(PaperFigures.slowdowns(PaperFigures.groups.gpu, of: index))",
          here: found.texts.joined(separator: ", "), holds: found.takesLonger))
    }
    result.notes = [
      "MAC = hw·c1 + B·g/c1 + B/hw, in elements (equation 2).",
      "The paper's 180 channels do not divide into 8 groups; 184 do.",
    ]
    return result
  }

  /// The memory access cost of a 1×1 convolution in groups, by its FLOPs (equation 2).
  package static func memoryAccessCost(plane: Double, inputs: Double, groups: Double, work: Double) -> Double {
    plane * inputs + work * groups / inputs + work / plane
  }
}
