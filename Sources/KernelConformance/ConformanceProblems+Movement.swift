import LayerKernels

extension ConformanceProblems {
  /// Every interpolation with every coordinate transform, up, down, by factors that are whole and that are not.
  ///
  /// - Throws: `ProblemError` never for the sizes in this module.
  public static func resizes() throws(ProblemError) -> [ResizeProblem] {
    var problems: [ResizeProblem] = []
    for interpolation in ResizeProblem.Interpolation.allCases {
      for coordinates in ResizeProblem.CoordinateTransform.allCases {
        for (height, width) in [(9, 11), (10, 14), (3, 4), (1, 1)] {
          problems.append(
            try ResizeProblem(
              input: shape(1, 3, 5, 7), outputHeight: height, outputWidth: width, interpolation: interpolation,
              coordinates: coordinates))
        }
      }
      problems += [
        try ResizeProblem(
          input: shape(1, 16, 11, 11), outputHeight: 22, outputWidth: 22, interpolation: interpolation,
          coordinates: .halfPixel),
        try ResizeProblem(
          input: shape(2, 5, 1, 1), outputHeight: 3, outputWidth: 17, interpolation: interpolation,
          coordinates: .asymmetric),
        try ResizeProblem(
          input: shape(1, 2, 4, 6), outputHeight: 2, outputWidth: 3, scale: (0.6, 0.6), interpolation: interpolation,
          coordinates: .asymmetric),
        try ResizeProblem(
          input: shape(1, 3, 6, 5), outputHeight: 6, outputWidth: 5, interpolation: interpolation,
          coordinates: .pyTorchHalfPixel),
        // Twice as large with asymmetric coordinates, as detectors have it; a mask made large, its rows shared; made smaller.
        try ResizeProblem(
          input: shape(2, 9, 7, 13), outputHeight: 14, outputWidth: 26, interpolation: interpolation,
          coordinates: .asymmetric),
        try ResizeProblem(
          input: shape(1, 1, 13, 11), outputHeight: 97, outputWidth: 83, interpolation: interpolation,
          coordinates: .halfPixel),
        try ResizeProblem(
          input: shape(1, 19, 23, 29), outputHeight: 7, outputWidth: 9, interpolation: interpolation,
          coordinates: .alignCorners),
      ]
    }
    return problems
  }

  /// From every layout to every layout.
  ///
  /// - Throws: `ProblemError` never for the sizes in this module.
  public static func layoutConversions() throws(ProblemError) -> [LayoutConversionProblem] {
    let shapes = [
      try shape(1, 24, 14, 14), try shape(1, 5, 5, 7), try shape(2, 17, 1, 1), try shape(2, 33, 3, 5),
      try shape(1, 3, 13, 11), try shape(1, 1, 1, 1), try shape(1, 16, 8, 8),
    ]
    var problems: [LayoutConversionProblem] = []
    for source in TensorLayout.allCases {
      for destination in TensorLayout.allCases {
        for shape in shapes {
          let steps = integers[problems.count % integers.count].input
          problems.append(try LayoutConversionProblem(shape: shape, from: source, to: destination, steps: steps))
        }
      }
    }
    return problems
  }

  /// Transposes, slices, concatenations, padding, expansion, shuffles.
  ///
  /// - Throws: `ProblemError` never for the sizes in this module.
  public static func rearrangements() throws(ProblemError) -> [RearrangementProblem] {
    [
      // [3, 5] transposed; [2, 3, 5, 7] with the channels last; the same with three axes turned.
      try rearrangement([3, 5], to: [5, 3], Box([5, 3], [1, 5], [3, 1])),
      try rearrangement([2, 3, 5, 7], to: [2, 5, 7, 3], Box([2, 5, 7, 3], [105, 7, 1, 35], [105, 21, 3, 1])),
      try rearrangement([4, 9, 17], to: [17, 9, 4], Box([17, 9, 4], [1, 17, 153], [36, 4, 1])),
      try rearrangement([1, 32, 7, 7], to: [1, 7, 7, 32], Box([49, 32], [1, 49], [32, 1])),
      // A shuffle of 2 groups of 5 channels; every third row, backwards; the last 3 of 11.
      try rearrangement([1, 10, 5, 7], to: [1, 10, 5, 7], Box([5, 2, 35], [35, 175, 1], [70, 35, 1])),
      try rearrangement([13, 6], to: [4, 6], Box([4, 6], [-18, 1], [6, 1], from: 72)),
      try rearrangement([5, 11], to: [5, 3], Box([5, 3], [11, 1], [3, 1], from: 8)),
      // A copy of everything, one element, an element expanded, a row expanded.
      try rearrangement([3, 37], to: [111], Box([111], [1], [1])), try rearrangement([1], to: [1, 1], Box([], [], [])),
      try rearrangement([1], to: [41], Box([41], [0], [1])),
      try rearrangement([1, 7], to: [6, 7], Box([6, 7], [0, 1], [7, 1])),
      // Padding, and padding only.
      try rearrangement([3, 5], to: [6, 9], fill: 1.5, Box([3, 5], [5, 1], [9, 1], to: 20)),
      try rearrangement([1], to: [5, 5], fill: -2),
      // Padding that repeats the edge: the later copy overwrites.
      try rearrangement([5], to: [9], fill: 0, Box([9], [0], [1]), Box([5], [1], [1], to: 2)),
      // Concatenation along the first and along the last axis.
      try RearrangementProblem(
        inputShapes: [shape(2, 7), shape(3, 7)], outputShape: shape(5, 7), fill: nil,
        copies: [Box([14], [1], [1]).copy, Box([21], [1], [1], to: 14, input: 1).copy]),
      try RearrangementProblem(
        inputShapes: [shape(3, 4), shape(3, 5), shape(3, 1)], outputShape: shape(3, 10), fill: nil,
        copies: [
          Box([3, 4], [4, 1], [10, 1]).copy, Box([3, 5], [5, 1], [10, 1], to: 4, input: 1).copy,
          Box([3, 1], [1, 1], [10, 1], to: 9, input: 2).copy,
        ]),
    ]
  }

  /// A copy in fewer words.
  private struct Box {
    let copy: RearrangementProblem.Copy

    init(
      _ sizes: [Int], _ inputStrides: [Int], _ outputStrides: [Int], from inputOffset: Int = 0,
      to outputOffset: Int = 0, input: Int = 0
    ) {
      copy = RearrangementProblem.Copy(
        input: input, inputOffset: inputOffset, outputOffset: outputOffset, sizes: sizes, inputStrides: inputStrides,
        outputStrides: outputStrides)
    }
  }

  private static func rearrangement(
    _ input: [Int], to output: [Int], fill: Float? = nil, _ boxes: Box...
  ) throws(ProblemError) -> RearrangementProblem {
    try RearrangementProblem(
      inputShapes: [checkedShape(input)], outputShape: checkedShape(output), fill: fill, copies: boxes.map(\.copy))
  }
}
