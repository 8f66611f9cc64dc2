import LayerKernels
import Testing

@Suite("The reference of element-wise operations, softmax and mean")
struct ReferenceElementwiseTests {
  private func shape(_ sizes: Int...) throws -> TensorShape { try TensorShape(sizes) }

  @Test(
    "binary functions",
    arguments: zip(
      ElementwiseProblem.Binary.allCases,
      [[5, 1, 2.5], [3, -3, -0.5], [4, -2, 1.5], [4, -0.5, 0.666_666_7], [4, 2, 1.5], [1, -1, 1]] as [[Float]]))
  func binary(_ function: ElementwiseProblem.Binary, _ expected: [Float]) throws {
    let problem = try ElementwiseProblem(function, shape(3), shape(3))
    #expect(areClose(try ReferenceRunner.output(problem, [4, -1, 1], [1, 2, 1.5]), expected))
  }

  @Test("unary functions")
  func unary() throws {
    func values(_ function: Activation) throws -> [Float] {
      try ReferenceRunner.output(ElementwiseProblem(function, shape: shape(1, 2, 1, 2)), [-4, -1, 0.5, 8])
    }
    #expect(try values(.relu) == [0, 0, 0.5, 8])
    #expect(try values(.relu6) == [0, 0, 0.5, 6])
    #expect(try areClose(values(.hardSwish), [0, -0.333_333_3, 0.291_666_7, 8]))
    #expect(try areClose(values(.sigmoid), [0.017_986_21, 0.268_941_4, 0.622_459_3, 0.999_664_6]))
    #expect(try areClose(values(.swish), [-0.071_944_84, -0.268_941_4, 0.311_229_7, 7.997_317]))
    #expect(try areClose(values(.tanh), [-0.999_329_3, -0.761_594_2, 0.462_117_2, 0.999_999_8]))
  }

  @Test("an activation follows a binary function")
  func activation() throws {
    let problem = try ElementwiseProblem(.add, shape(2, 1, 1, 2), shape(2, 1, 1, 2), activation: .relu)
    #expect(try ReferenceRunner.output(problem, [1, 2, -3, 4], [1, -5, 1, 0.5]) == [2, 0, 0, 4.5])
  }

  @Test("a gate scales each channel, from either side")
  func gate() throws {
    let planes: [Float] = [1, 2, 3, 4]
    #expect(
      try ReferenceRunner.output(
        ElementwiseProblem(.multiply, shape(1, 2, 1, 2), shape(1, 2, 1, 1)), planes, [10, 100]) == [10, 20, 300, 400])
    #expect(
      try ReferenceRunner.output(
        ElementwiseProblem(.subtract, shape(1, 2, 1, 1), shape(1, 2, 1, 2)), [10, 100], planes) == [9, 8, 97, 96])
  }

  @Test("both sides stretch")
  func stretching() throws {
    #expect(
      try ReferenceRunner.output(
        ElementwiseProblem(.add, shape(2, 1), shape(1, 3)), [10, 20], [1, 2, 3]) == [11, 12, 13, 21, 22, 23])
    #expect(
      try ReferenceRunner.output(
        ElementwiseProblem(.add, shape(1, 2, 1, 2), shape(2, 1, 2, 1)), [1, 2, 3, 4], [10, 20, 30, 40])
        == [11, 12, 21, 22, 13, 14, 23, 24, 31, 32, 41, 42, 33, 34, 43, 44])
  }

  @Test("missing axes are in front")
  func ranks() throws {
    #expect(
      try ReferenceRunner.output(
        ElementwiseProblem(.multiply, shape(2, 2), shape(2)), [1, 2, 3, 4], [10, 100]) == [10, 200, 30, 400])
    #expect(try ReferenceRunner.output(ElementwiseProblem(.add, .scalar, shape(2)), [1], [2, 3]) == [3, 4])
    #expect(try ReferenceRunner.output(ElementwiseProblem(.add, .scalar, .scalar), [1], [2]) == [3])
  }

  @Test("no elements at all")
  func empty() throws {
    #expect(try ReferenceRunner.output(ElementwiseProblem(.relu, shape: shape(0, 3)), []).isEmpty)
  }

  @Test("softmax along the last and the first axis, over several, and of large numbers")
  func softmax() throws {
    let logarithms: [Float] = [0, 0.693_147_2, 1.386_294_4]
    let sevenths: [Float] = [1 / 7, 2 / 7, 4 / 7]
    #expect(areClose(try ReferenceRunner.output(SoftmaxProblem(shape: shape(1, 3), axis: 1), logarithms), sevenths))
    #expect(
      areClose(
        try ReferenceRunner.output(SoftmaxProblem(shape: shape(2, 2), axis: 0), [0, 0, 0, 1.098_612_3]),
        [0.5, 0.25, 0.5, 0.75]))
    #expect(
      areClose(
        try ReferenceRunner.output(SoftmaxProblem(shape: shape(1, 3, 1), axis: 0, axisCount: 3), logarithms), sevenths))
    #expect(try ReferenceRunner.output(SoftmaxProblem(shape: shape(2), axis: 0), [1000, 1000]) == [0.5, 0.5])
  }

  @Test("mean over each axis, several, all, none")
  func mean() throws {
    func mean(_ axes: [Int]) throws -> [Float] {
      try ReferenceRunner.output(ReductionProblem(shape: shape(2, 2, 2), axes: axes), [1, 2, 3, 4, 5, 6, 7, 9])
    }
    #expect(try mean([0]) == [3, 4, 5, 6.5])
    #expect(try mean([1]) == [2, 3, 6, 7.5])
    #expect(try mean([2]) == [1.5, 3.5, 5.5, 8])
    #expect(try mean([0, 2]) == [3.5, 5.75])
    #expect(try mean([2, 1]) == [2.5, 6.75])
    #expect(try mean([0, 1, 2]) == [4.625])
    #expect(try mean([]) == [1, 2, 3, 4, 5, 6, 7, 9])
  }
}
