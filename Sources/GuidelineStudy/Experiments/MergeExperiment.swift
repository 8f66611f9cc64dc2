import Luthier

/// Section 3's remark that concatenation, channel shuffle and channel split "are merged into a single element-wise operation":
/// the units of ShuffleNetV2's stages with three passes over the elements, with one, and with none, where the permutation of the
/// channels is carried as data.
package struct MergeExperiment {
  let workbench: StudyWorkbench

  /// How often the elements of a unit's output are copied before the next unit reads them.
  package enum Form: String, CaseIterable {
    case three = "three passes"
    case one = "one merged pass"
    case none = "no pass"
  }

  private var stages: [(name: String, channels: Int, size: Int, units: Int)] {
    workbench.options.size == .paper
      ? [("stage 2", 116, 28, 3), ("stage 3", 232, 14, 7), ("stage 4", 464, 7, 3)] : [("stage", 16, 6, 2)]
  }

  func run() throws -> ExperimentResult {
    let groups = try stages.map { stage in
      (
        "\(stage.name)",
        try Form.allCases.map { form in
          BlockComparison.Variant(
            cells: [.text(form.rawValue), .number(Double(stage.channels)), .number(Double(stage.size))],
            name: form.rawValue,
            graph: try Self.graph(form, channels: stage.channels, size: stage.size, units: stage.units),
            // Nothing that would take a copy away.
            passes: [.recognizeChannelMovements, .composeMovements, .removeUnused])
        }
      )
    }
    var result = try BlockComparison(
      workbench: workbench, experiment: .merge,
      labels: [.text("form", "form"), .number("channels", "channels"), .number("size", "map")]
    ).run(groups)
    let cell = result.cell
    for (slow, fast) in [(Form.three, Form.one), (.one, .none), (.three, .none)] {
      let found = result.ratios(
        of: { cell($0, "form") == .text(slow.rawValue) }, to: { cell($0, "form") == .text(fast.rawValue) })
      result.claims.append(
        .init(
          "\(slow.rawValue) take\(slow == .three ? "" : "s") longer than \(fast.rawValue)",
          paper: slow == .three && fast == .one
            ? "section 3: merged into a single element-wise operation, no figure" : "no figure",
          here: found.texts.joined(separator: ", "), holds: found.takesLonger))
    }
    result.notes = [
      "The units of ShuffleNetV2 1x that keep their size, activations in epilogues, between an input and an output of whole tensors."
    ]
    return result
  }

  /// The units of a stage.
  package static func graph(_ form: Form, channels: Int, size: Int, units: Int) throws -> Graph {
    var graph = Graph(name: "merge_\(form)_\(channels)")
    var random = RandomSource(seed: 5)
    let half = channels / 2
    var value = try graph.addInput("input", shape: TensorShape([1, channels, size, size]))
    let shuffled = (0..<channels).map { ($0 % 2) * half + $0 / 2 }
    func copy(_ value: ValueID, _ name: String, _ forms: Set<Form>, in graph: inout Graph) throws -> ValueID {
      guard forms.contains(form) else { return value }
      return try graph.addLayer(name, ElementwiseProblem(.identity, shape: graph[value].shape), inputs: [value])
    }
    for unit in 0..<units {
      var halves: [ValueID] = []
      for (index, range) in [0..<half, half..<channels].enumerated() {
        let part = try graph.addMovement(
          "split\(unit).\(index)", .gather(axis: 1, indices: Array(range)), inputs: [value])
        // Nothing came before the first unit that had to be merged.
        halves.append(unit == 0 ? part : try copy(part, "copy-split\(unit).\(index)", [.three, .one], in: &graph))
      }
      var branch = halves[1]
      for (index, (kernel, groups, activation)) in [(1, 1, Activation.relu), (3, half, .identity), (1, 1, .relu)]
        .enumerated()
      {
        let problem = try ConvolutionProblem(
          batch: 1, inputChannels: half, input: .init(size), outputChannels: half,
          window: WindowGeometry(kernel: .init(kernel), pads: .init(kernel / 2)), groups: groups,
          epilogue: Epilogue(bias: true, activation: activation))
        branch = try graph.addLayer(
          "conv\(unit).\(index)", problem, parameters: problem.randomParameters(from: &random), inputs: [branch])
      }
      let joined = try copy(
        graph.addMovement("concat\(unit)", .concatenate(axis: 1), inputs: [halves[0], branch]), "copy-concat\(unit)",
        [.three], in: &graph)
      value = try copy(
        graph.addMovement("shuffle\(unit)", .gather(axis: 1, indices: shuffled), inputs: [joined]),
        "copy-shuffle\(unit)", [.three], in: &graph)
    }
    graph.addOutput(value)
    return graph
  }
}
