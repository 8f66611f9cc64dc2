import LayerKernels
import Testing

@Suite("The reference resize")
struct ReferenceResizeTests {
  private func resize(
    _ input: [Float], _ height: Int, _ width: Int, to size: (height: Int, width: Int), scale: Float? = nil,
    _ interpolation: ResizeProblem.Interpolation, _ coordinates: ResizeProblem.CoordinateTransform
  ) throws -> [Float] {
    let problem = try ResizeProblem(
      input: TensorShape([1, 1, height, width]), outputHeight: size.height, outputWidth: size.width,
      scale: scale.map { ($0, $0) }, interpolation: interpolation, coordinates: coordinates)
    return try ReferenceRunner.output(problem, input)
  }

  @Test("linear with half-pixel centres keeps the edges flat")
  func halfPixel() throws {
    let output = try resize([1, 2, 3, 4], 2, 2, to: (4, 4), .linear, .halfPixel)
    #expect(
      output == [1, 1.25, 1.75, 2, 1.5, 1.75, 2.25, 2.5, 2.5, 2.75, 3.25, 3.5, 3, 3.25, 3.75, 4])
  }

  @Test("linear with aligned corners reaches from corner to corner")
  func alignCorners() throws {
    #expect(try areClose(resize([1, 2], 1, 2, to: (1, 4), .linear, .alignCorners), [1, 1.333_333_3, 1.666_666_7, 2]))
    #expect(try resize([1, 2, 3], 1, 3, to: (1, 1), .linear, .alignCorners) == [1])
  }

  @Test("linear and asymmetric starts at the first element")
  func asymmetric() throws {
    #expect(try resize([1, 2], 1, 2, to: (1, 4), .linear, .asymmetric) == [1, 1.5, 2, 2])
  }

  @Test("PyTorch's half-pixel differs for an output of one element only")
  func pyTorchHalfPixel() throws {
    #expect(try resize([1, 2, 3, 4], 1, 4, to: (1, 1), .linear, .pyTorchHalfPixel) == [1])
    #expect(try resize([1, 2, 3, 4], 1, 4, to: (1, 1), .linear, .halfPixel) == [2.5])
    #expect(try resize([1, 2, 3, 4], 1, 4, to: (1, 2), .linear, .pyTorchHalfPixel) == [1.5, 3.5])
  }

  @Test("scales that the sizes only come near to are taken as given")
  func givenScale() throws {
    // ONNX's examples resize_downsample_scales_linear and _nearest.
    let input = (1...8).map(Float.init)
    #expect(
      try areClose(resize(input, 2, 4, to: (1, 2), scale: 0.6, .linear, .halfPixel), [2.666_666_5, 4.333_333_1]))
    #expect(try resize(input, 2, 4, to: (1, 2), scale: 0.6, .nearestPreferFloor, .halfPixel) == [1, 3])
  }

  @Test(
    "halves go down, up, or wherever all go",
    arguments: zip(
      [ResizeProblem.Interpolation.nearestPreferFloor, .nearestPreferCeiling, .floor, .ceiling],
      [[3], [4], [3], [4]] as [[Float]]))
  func ties(_ interpolation: ResizeProblem.Interpolation, _ expected: [Float]) throws {
    // (0 + 1/2) · 6 − 1/2 = 2.5
    #expect(try resize([1, 2, 3, 4, 5, 6], 1, 6, to: (1, 1), interpolation, .halfPixel) == expected)
  }

  @Test(
    "the nearest element",
    arguments: zip(
      [ResizeProblem.Interpolation.nearestPreferFloor, .nearestPreferCeiling, .floor, .ceiling],
      [[1, 1, 2, 2, 3], [1, 2, 2, 3, 3], [1, 1, 2, 2, 3], [1, 2, 2, 3, 3]] as [[Float]]))
  func nearest(_ interpolation: ResizeProblem.Interpolation, _ expected: [Float]) throws {
    // 0, 0.5, 1, 1.5, 2
    #expect(try resize([1, 2, 3], 1, 3, to: (1, 5), interpolation, .alignCorners) == expected)
  }

  @Test("rows and columns each have their scale")
  func rectangles() throws {
    let output = try resize([1, 2, 3, 4], 2, 2, to: (4, 2), .floor, .asymmetric)
    #expect(output == [1, 2, 1, 2, 3, 4, 3, 4])
  }
}

@Suite("The reference of movements")
struct ReferenceMovementTests {
  private func shape(_ sizes: Int...) throws -> TensorShape { try TensorShape(sizes) }

  private func copy(
    _ sizes: [Int], _ inputStrides: [Int], _ outputStrides: [Int], from: Int = 0, to: Int = 0, input: Int = 0
  ) -> RearrangementProblem.Copy {
    RearrangementProblem.Copy(
      input: input, inputOffset: from, outputOffset: to, sizes: sizes, inputStrides: inputStrides,
      outputStrides: outputStrides)
  }

  @Test("a transpose")
  func transpose() throws {
    let problem = try RearrangementProblem(
      inputShapes: [shape(2, 3)], outputShape: shape(3, 2), fill: nil, copies: [copy([3, 2], [1, 3], [2, 1])])
    #expect(try ReferenceRunner.output(problem, [1, 2, 3, 4, 5, 6]) == [1, 4, 2, 5, 3, 6])
  }

  @Test("backwards, and one element for all")
  func strides() throws {
    let backwards = try RearrangementProblem(
      inputShapes: [shape(4)], outputShape: shape(2), fill: nil, copies: [copy([2], [-2], [1], from: 3)])
    #expect(try ReferenceRunner.output(backwards, [1, 2, 3, 4]) == [4, 2])
    let expanded = try RearrangementProblem(
      inputShapes: [shape(1)], outputShape: shape(3), fill: nil, copies: [copy([3], [0], [1])])
    #expect(try ReferenceRunner.output(expanded, [7]) == [7, 7, 7])
  }

  @Test("padding with a constant, and a later copy over an earlier one")
  func padding() throws {
    let padded = try RearrangementProblem(
      inputShapes: [shape(1, 2)], outputShape: shape(3, 4), fill: 9, copies: [copy([2], [1], [1], to: 5)])
    #expect(try ReferenceRunner.output(padded, [1, 2]) == [9, 9, 9, 9, 9, 1, 2, 9, 9, 9, 9, 9])
    let edge = try RearrangementProblem(
      inputShapes: [shape(3)], outputShape: shape(5), fill: nil,
      copies: [copy([5], [0], [1]), copy([3], [1], [1], to: 2)])
    #expect(try ReferenceRunner.output(edge, [1, 2, 3]) == [1, 1, 1, 2, 3])
  }

  @Test("a concatenation of two inputs")
  func concatenation() throws {
    let problem = try RearrangementProblem(
      inputShapes: [shape(2, 1), shape(2, 2)], outputShape: shape(2, 3), fill: nil,
      copies: [copy([2], [1], [3]), copy([2, 2], [2, 1], [3, 1], to: 1, input: 1)])
    #expect(try ReferenceRunner.output(problem, [1, 2], [3, 4, 5, 6]) == [1, 3, 4, 2, 5, 6])
  }

  @Test("a layout conversion keeps every element", arguments: TensorLayout.allCases, TensorLayout.allCases)
  func conversion(source: TensorLayout, destination: TensorLayout) throws {
    let input = (1...24).map(Float.init)
    let problem = try LayoutConversionProblem(
      shape: shape(2, 3, 2, 2), from: source, to: destination, steps: Quantisation(step: 1, lower: -7, upper: 200))
    #expect(try ReferenceRunner.output(problem, input) == input)
  }
}
