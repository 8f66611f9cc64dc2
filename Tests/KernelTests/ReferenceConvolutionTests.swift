import LayerKernels
import Testing

@Suite("The reference convolution")
struct ReferenceConvolutionTests {
  private static let nine: [Float] = [1, 2, 3, 4, 5, 6, 7, 8, 9]

  private func convolve(
    _ input: [Float], _ sizes: (n: Int, c: Int, h: Int, w: Int), filter: [Float], outputs: Int, window: WindowGeometry,
    groups: Int = 1, bias: [Float]? = nil, residual: [Float]? = nil, _ activation: Activation = .identity
  ) throws -> [Float] {
    let problem = try ConvolutionProblem(
      batch: sizes.n, inputChannels: sizes.c, input: WindowGeometry.Extent(height: sizes.h, width: sizes.w),
      outputChannels: outputs, window: window, groups: groups,
      epilogue: Epilogue(bias: bias != nil, residual: residual != nil, activation: activation))
    let parameters = try ConvolutionParameters(
      filter: Tensor(shape: problem.filterShape, elements: filter), bias: bias, for: problem)
    return try ReferenceRunner.output(problem, parameters, [input] + (residual.map { [$0] } ?? []))
  }

  private func window(
    _ kernel: Int, stride: Int = 1, dilation: Int = 1, pads: WindowGeometry.Pads = WindowGeometry.Pads(0)
  ) throws -> WindowGeometry {
    try WindowGeometry(
      kernel: WindowGeometry.Extent(kernel), stride: WindowGeometry.Extent(stride),
      dilation: WindowGeometry.Extent(dilation), pads: pads)
  }

  @Test("a window slides over the picture; the filter is not mirrored")
  func valid() throws {
    let output = try convolve(
      Self.nine, (1, 1, 3, 3), filter: [1, 2, 3, 4], outputs: 1, window: window(2))
    #expect(output == [37, 47, 67, 77])
  }

  @Test("padding is zeros, and each side has its own")
  func asymmetricPadding() throws {
    let output = try convolve(
      Self.nine, (1, 1, 3, 3), filter: [1, 2, 3, 4], outputs: 1,
      window: window(2, pads: WindowGeometry.Pads(top: 1, left: 0, bottom: 0, right: 1)))
    #expect(output == [11, 18, 9, 37, 47, 21, 67, 77, 33])
  }

  @Test("strides skip windows")
  func stride() throws {
    let output = try convolve(
      Self.nine, (1, 1, 3, 3), filter: Array(repeating: 1, count: 9), outputs: 1,
      window: window(3, stride: 2, pads: WindowGeometry.Pads(1)))
    #expect(output == [12, 16, 24, 28])
  }

  @Test("strides differ along rows and columns")
  func differentStrides() throws {
    let window = try WindowGeometry(
      kernel: WindowGeometry.Extent(1), stride: WindowGeometry.Extent(height: 2, width: 1))
    #expect(try convolve(Self.nine, (1, 1, 3, 3), filter: [2], outputs: 1, window: window) == [2, 4, 6, 14, 16, 18])
  }

  @Test("dilation spreads a window's elements")
  func dilation() throws {
    let output = try convolve(
      Self.nine, (1, 1, 3, 3), filter: [1, 2, 3, 4], outputs: 1, window: window(2, dilation: 2))
    #expect(output == [64])
  }

  @Test("sums run over channels")
  func channels() throws {
    let output = try convolve(
      [1, 2, 3, 4, 5, 6], (1, 3, 1, 2), filter: [1, 10, 100, -1, 0, 1], outputs: 2, window: window(1))
    #expect(output == [531, 642, 4, 4])
  }

  @Test("groups see their own channels only")
  func groups() throws {
    let output = try convolve(
      [1, 2, 3, 4, 5, 6, 7, 8], (1, 4, 1, 2), filter: [1, 2, 3, 4], outputs: 2, window: window(1), groups: 2)
    #expect(output == [7, 10, 43, 50])
  }

  @Test("depthwise is a group a channel, with one output or several")
  func depthwise() throws {
    let input: [Float] = [1, 2, 3, 10, 20, 30]
    let row = try WindowGeometry(kernel: WindowGeometry.Extent(height: 1, width: 2))
    let single = try convolve(input, (1, 2, 1, 3), filter: [1, 1, 1, -1], outputs: 2, window: row, groups: 2)
    #expect(single == [3, 5, -10, -10])
    let double = try convolve(
      input, (1, 2, 1, 3), filter: [1, 1, 0, 1, 1, -1, 2, 0], outputs: 4, window: row, groups: 2)
    #expect(double == [3, 5, 2, 3, -10, -10, 20, 40])
  }

  @Test("pictures of a batch do not mix")
  func batch() throws {
    let output = try convolve(
      [1, 2, 3, 4], (2, 2, 1, 1), filter: [1, 10], outputs: 1, window: window(1), bias: [0.5])
    #expect(output == [21.5, 43.5])
  }

  @Test("bias, then residual, then activation")
  func epilogue() throws {
    func value(_ activation: Activation, residual: Float = -9) throws -> Float {
      try convolve(
        [2], (1, 1, 1, 1), filter: [3], outputs: 1, window: window(1), bias: [1], residual: [residual], activation)[0]
    }
    #expect(try value(.identity) == -2)
    #expect(try value(.relu) == 0)
    #expect(try value(.relu, residual: 1) == 8)
    #expect(try value(.relu6, residual: 1) == 6)
    #expect(try value(.clip(lower: -1, upper: 1)) == -1)
    #expect(try value(.leakyRelu(slope: 0.25)) == -0.5)
    #expect(try areClose([value(.hardSwish)], [-0.333_333_3]))
    #expect(try areClose([value(.hardSigmoid(alpha: 0.2, beta: 0.5))], [0.1]))
    #expect(try areClose([value(.sigmoid)], [0.119_202_92]))
    #expect(try areClose([value(.tanh)], [-0.964_027_6]))
    #expect(try areClose([value(.swish)], [-0.238_405_84]))
  }

  @Test("sums are kept in 64 bits")
  func precision() throws {
    let output = try convolve(
      [1e9, 1, -1e9], (1, 3, 1, 1), filter: [1, 1, 1], outputs: 1, window: window(1))
    #expect(output == [1])
  }

  @Test("padding does not touch a number that is none")
  func notANumber() throws {
    let output = try convolve(
      [.nan, 1, 2, 3], (1, 1, 1, 4), filter: [1, 1, 1, 1, 1, 1, 1, 1, 1], outputs: 1,
      window: window(3, pads: WindowGeometry.Pads(1)))
    #expect(output[0].isNaN && output[1].isNaN)
    #expect(Array(output[2...]) == [6, 5])
  }
}

@Suite("The reference matrix product")
struct ReferenceMatrixMultiplyTests {
  @Test("a dense layer keeps its weights a row an output")
  func dense() throws {
    let problem = try MatrixMultiplyProblem(
      rows: 2, depth: 2, columns: 3, epilogue: Epilogue(bias: true, activation: .relu))
    let parameters = try MatrixMultiplyParameters(
      weights: Tensor(shape: problem.weightShape, elements: [5, 6, 7, 8, 9, 10]), bias: [1, -30, 0], for: problem)
    #expect(try ReferenceRunner.output(problem, parameters, [[1, 2, 3, 4]]) == [18, 0, 29, 40, 23, 67])
  }

  @Test("the product of two inputs has one matrix a batch, and the residual comes last")
  func inputs() throws {
    let problem = try MatrixMultiplyProblem(
      batch: 2, rows: 1, depth: 2, columns: 2, hasConstantWeights: false, epilogue: Epilogue(residual: true))
    let parameters = try MatrixMultiplyParameters(weights: nil, bias: nil, for: problem)
    let output = try ReferenceRunner.output(
      problem, parameters, [[1, 2, 3, 4], [1, 2, 3, 4, 10, 20, 30, 40], [0.5, 0, 0, -1]])
    #expect(output == [7.5, 10, 150, 219])
  }

  @Test("a dense layer with a residual")
  func residual() throws {
    let problem = try MatrixMultiplyProblem(
      rows: 1, depth: 1, columns: 2, epilogue: Epilogue(bias: true, residual: true, activation: .relu6))
    let parameters = try MatrixMultiplyParameters(
      weights: Tensor(shape: problem.weightShape, elements: [2, -2]), bias: [1, 1], for: problem)
    #expect(try ReferenceRunner.output(problem, parameters, [[3], [-2, 6.5]]) == [5, 1.5])
  }
}
