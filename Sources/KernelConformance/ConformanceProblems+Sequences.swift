import LayerKernels

extension ConformanceProblems {
  /// Normalizations of tokens, of layers of images, of instances and of groups, with every kind of parameters.
  ///
  /// - Throws: `ProblemError` never for the sizes in this module.
  public static func normalizations() throws(ProblemError) -> [NormalizationProblem] {
    var problems: [NormalizationProblem] = [
      // A vision transformer's tokens, Swin's windows, ConvNeXt's pixels, a long line.
      try NormalizationProblem(shape: shape(1, 50, 192), over: .lastAxes(from: 2), epsilon: 1e-6),
      try NormalizationProblem(shape: shape(3, 7, 7, 96), over: .lastAxes(from: 3)),
      try NormalizationProblem(shape: shape(2, 5000), over: .lastAxes(from: 1)),
      try NormalizationProblem(shape: shape(1, 64, 14, 14), over: .channelGroups(8)),
      try NormalizationProblem(shape: shape(2, 12, 9, 11), over: .channelGroups(12)),
      // Multiples of nothing.
      try NormalizationProblem(shape: shape(17), over: .lastAxes(from: 0)),
      try NormalizationProblem(shape: shape(1, 1), over: .lastAxes(from: 1)),
      try NormalizationProblem(shape: shape(5, 1, 3), over: .lastAxes(from: 1)),
      try NormalizationProblem(shape: shape(3, 35), over: .lastAxes(from: 1)),
      try NormalizationProblem(shape: shape(2, 6, 13), over: .channelGroups(3)),
      try NormalizationProblem(shape: shape(3, 4), over: .channelGroups(2)),
      try NormalizationProblem(shape: shape(1, 1, 1, 1), over: .channelGroups(1)),
      try NormalizationProblem(shape: shape(1, 3, 2, 3, 5), over: .channelGroups(1)),
    ]
    for statistic in NormalizationProblem.Statistic.allCases {
      for affine in NormalizationProblem.Affine.allCases {
        problems += [
          try NormalizationProblem(
            shape: shape(3, 4, 21), over: .lastAxes(from: 2), statistic: statistic, affine: affine, epsilon: 0.01),
          try NormalizationProblem(
            shape: shape(2, 6, 3, 7), over: .channelGroups(2), statistic: statistic, affine: affine, epsilon: 0.01),
        ]
      }
    }
    return problems
  }

  /// Recurrent networks of every kind in each direction, alone and with several sequences, and of units that fill no vector.
  ///
  /// - Throws: `ProblemError` never for the sizes in this module.
  public static func recurrences() throws(ProblemError) -> [RecurrentProblem] {
    var problems: [RecurrentProblem] = []
    for kind in RecurrentProblem.Kind.allCases {
      let all: RecurrentProblem.Outputs = kind == .longShortTerm ? [.sequence, .hidden, .cell] : [.sequence, .hidden]
      problems += [
        // A step of a speech detector; a text recognizer's layer.
        try RecurrentProblem(kind, steps: 1, inputs: 32, hidden: 64, hasInitialStates: true, outputs: all),
        try RecurrentProblem(kind, steps: 6, inputs: 24, hidden: 32, direction: .bidirectional),
        // Multiples of nothing.
        try RecurrentProblem(kind, steps: 1, inputs: 1, hidden: 1),
        try RecurrentProblem(
          kind, steps: 3, batch: 5, inputs: 7, hidden: 19, direction: .bidirectional, hasInitialStates: true,
          outputs: all),
        try RecurrentProblem(kind, steps: 4, batch: 2, inputs: 3, hidden: 33, direction: .reverse, outputs: .hidden),
        try RecurrentProblem(kind, steps: 2, batch: 17, inputs: 5, hidden: 4, hasInitialStates: true),
      ]
    }
    problems.append(
      try RecurrentProblem(.longShortTerm, steps: 3, inputs: 2, hidden: 6, direction: .reverse, outputs: .cell))
    return problems
  }
}
