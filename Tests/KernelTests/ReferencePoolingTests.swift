import LayerKernels
import Testing

@Suite("The reference pooling")
struct ReferencePoolingTests {
  private func pool(
    _ reduction: PoolingProblem.Reduction, _ input: [Float], _ height: Int, _ width: Int, _ window: WindowGeometry,
    roundsUp: Bool = false
  ) throws -> [Float] {
    let problem = try PoolingProblem(
      reduction, channels: input.count / height / width, input: WindowGeometry.Extent(height: height, width: width),
      window: window, roundsUp: roundsUp)
    return try ReferenceRunner.output(problem, input)
  }

  /// A window along a single row.
  private func row(
    _ kernel: Int, stride: Int = 1, dilation: Int = 1, pads: Int = 0
  ) throws -> WindowGeometry {
    try WindowGeometry(
      kernel: WindowGeometry.Extent(height: 1, width: kernel), stride: WindowGeometry.Extent(height: 1, width: stride),
      dilation: WindowGeometry.Extent(height: 1, width: dilation),
      pads: WindowGeometry.Pads(top: 0, left: pads, bottom: 0, right: pads))
  }

  @Test("maximum and average of windows that do not overlap")
  func tiles() throws {
    let input = (1...16).map(Float.init)
    let window = try WindowGeometry(kernel: WindowGeometry.Extent(2), stride: WindowGeometry.Extent(2))
    #expect(try pool(.maximum, input, 4, 4, window) == [6, 8, 14, 16])
    #expect(try pool(.average, input, 4, 4, window) == [3.5, 5.5, 11.5, 13.5])
  }

  @Test("the average counts padding or not, and padding never is the maximum")
  func padding() throws {
    let window = try WindowGeometry(kernel: WindowGeometry.Extent(3), pads: WindowGeometry.Pads(1))
    #expect(try pool(.average, [1, 2, 3, 4], 2, 2, window) == [2.5, 2.5, 2.5, 2.5])
    #expect(
      try areClose(pool(.averageIncludingPadding, [1, 2, 3, 4], 2, 2, window), Array(repeating: 10 / 9, count: 4)))
    #expect(try pool(.maximum, [-3, -1], 1, 2, row(3, pads: 1)) == [-1, -1])
  }

  @Test("rounding up adds a window that hangs over; what hangs over is not counted")
  func roundingUp() throws {
    let input: [Float] = [1, 2, 3, 4, 5]
    let window = try row(2, stride: 2)
    #expect(try pool(.maximum, input, 1, 5, window) == [2, 4])
    #expect(try pool(.maximum, input, 1, 5, window, roundsUp: true) == [2, 4, 5])
    #expect(try pool(.average, input, 1, 5, window, roundsUp: true) == [1.5, 3.5, 5])
    #expect(try pool(.averageIncludingPadding, input, 1, 5, window, roundsUp: true) == [1.5, 3.5, 5])
  }

  @Test("padding that a window hangs over is counted, what lies past it is not")
  func roundingUpOverPadding() throws {
    let input: [Float] = [1, 2, 3, 4]
    let window = try row(3, stride: 2, pads: 1)
    #expect(try pool(.maximum, input, 1, 4, window, roundsUp: true) == [2, 4, 4])
    #expect(try pool(.average, input, 1, 4, window, roundsUp: true) == [1.5, 3, 4])
    #expect(try pool(.averageIncludingPadding, input, 1, 4, window, roundsUp: true) == [1, 3, 2])
  }

  @Test("a window that would start in the trailing padding is left out")
  func roundingUpEndsInside() throws {
    let window = try row(2, stride: 2, pads: 1)
    #expect(try pool(.average, [1, 2, 3], 1, 3, window, roundsUp: true) == [1, 2.5])
    #expect(try pool(.averageIncludingPadding, [1, 2, 3], 1, 3, window, roundsUp: true) == [0.5, 2.5])
  }

  @Test("dilation spreads a window's elements")
  func dilation() throws {
    #expect(try pool(.maximum, [1, 2, 3, 4, 5], 1, 5, row(2, dilation: 2)) == [3, 4, 5])
    #expect(try pool(.average, [1, 2, 3, 4, 5], 1, 5, row(2, dilation: 2)) == [2, 3, 4])
  }

  @Test("a window of padding only")
  func nothing() throws {
    let window = try row(2, dilation: 2, pads: 1)
    #expect(try pool(.maximum, [7], 1, 1, window) == [-.infinity])
    #expect(try pool(.average, [7], 1, 1, window) == [0])
    #expect(try pool(.averageIncludingPadding, [7], 1, 1, window) == [0])
  }

  @Test("a NaN wins every maximum")
  func notANumber() throws {
    let output = try pool(.maximum, [1, .nan, 2, 3], 1, 4, row(2))
    #expect(output[0].isNaN && output[1].isNaN && output[2] == 3)
  }

  @Test("whole planes, of each channel and picture")
  func global() throws {
    let problem = try PoolingProblem(
      global: .average, batch: 2, channels: 2, input: WindowGeometry.Extent(height: 1, width: 2))
    #expect(try ReferenceRunner.output(problem, [1, 2, 3, 4, 5, 6, 7, 8]) == [1.5, 3.5, 5.5, 7.5])
  }
}
