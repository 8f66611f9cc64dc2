import Luthier

/// Guideline 1 (section 2, table 1): ten pairs of 1×1 convolutions, c1 to c2 and back, of equal FLOPs.
package struct ChannelRatioExperiment {
  let workbench: StudyWorkbench

  func run() throws -> ExperimentResult {
    let blocks = GuidelineBlocks.ofSize(workbench.options.size)
    let groups = try GuidelineBlocks.widths(workbench.options.size).map { width in
      (
        "×\(width)",
        try GuidelineBlocks.table1.map { row in
          let (inputs, outputs) = (row.arm.inputs * width, row.arm.outputs * width)
          let plane = Double(blocks.size * blocks.size)
          let work = plane * Double(inputs * outputs)
          return BlockComparison.Variant(
            cells: [.text("1:\(row.ratio)"), .number(Double(inputs)), .number(Double(outputs))], name: "1:\(row.ratio)",
            graph: try blocks.channelRatio(inputs: inputs, outputs: outputs),
            bound: Self.bound(plane: plane, work: work),
            formula: plane * Double(inputs + outputs) + Double(inputs * outputs))
        }
      )
    }
    var result = try BlockComparison(
      workbench: workbench, experiment: .channelRatio,
      labels: [.text("ratio", "c1:c2"), .number("c1", "c1"), .number("c2", "c2")]
    ).run(groups)
    for (index, row) in GuidelineBlocks.table1.enumerated().dropFirst() {
      let label = ExperimentResult.Cell.text("1:\(row.ratio)")
      let ratio = result.cell
      let found = result.ratios(of: { ratio($0, "ratio") == label }, to: { ratio($0, "ratio") == .text("1:1") })
      result.claims.append(
        .init(
          "At equal FLOPs, c1:c2 of 1:\(row.ratio) takes longer than 1:1",
          paper:
            "× the time of 1:1 at ×1, ×2, ×4: ARM \(PaperFigures.slowdowns(PaperFigures.channelRatio.arm, of: index)); "
            + "GPU \(PaperFigures.slowdowns(PaperFigures.channelRatio.gpu, of: index))",
          here: found.texts.joined(separator: ", "), holds: found.takesLonger))
    }
    result.notes = [
      "MAC in elements. A 1×1 convolution has hw(c1 + c2) + c1·c2 of them and at least 2·√(hwB) + B/hw, where B = hw·c1·c2 "
        + "(equation 1).",
      "The channels are those of the paper's ARM columns; rounding leaves up to 6 % between the rows' FLOPs.",
    ]
    return result
  }

  /// The least memory access cost of a 1×1 convolution of so many multiply-accumulates (equation 1 and the inequality behind it).
  package static func bound(plane: Double, work: Double) -> Double { 2 * (plane * work).squareRoot() + work / plane }
}

extension GuidelineBlocks {
  /// The paper's blocks, or such as run through in no time.
  static func ofSize(_ size: StudyOptions.Size) -> GuidelineBlocks {
    size == .paper ? GuidelineBlocks() : GuidelineBlocks(size: 6, repeats: 2)
  }

  /// The factors on the channels of the tables' first columns.
  static func widths(_ size: StudyOptions.Size) -> [Int] { size == .paper ? [1, 2, 4] : [1] }
}
