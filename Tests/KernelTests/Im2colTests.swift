import Im2colKernels
import LayerKernels
import MicroKernels
import Testing

/// A convolution by its sizes, for tables of tests.
private func convolution(
  batch: Int = 1, _ channels: Int, _ height: Int, _ width: Int, to outputs: Int, kernel: (Int, Int),
  stride: (Int, Int) = (1, 1),
  dilation: (Int, Int) = (1, 1), pads: WindowGeometry.Pads = .init(0), groups: Int = 1, _ epilogue: Epilogue = .none
) -> ConvolutionProblem? {
  try? ConvolutionProblem(
    batch: batch, inputChannels: channels, input: WindowGeometry.Extent(height: height, width: width),
    outputChannels: outputs,
    window: WindowGeometry(
      kernel: WindowGeometry.Extent(height: kernel.0, width: kernel.1),
      stride: WindowGeometry.Extent(height: stride.0, width: stride.1),
      dilation: WindowGeometry.Extent(height: dilation.0, width: dilation.1), pads: pads),
    groups: groups, epilogue: epilogue)
}

private let relu = Epilogue(bias: true, activation: .relu)
private let residual = Epilogue(bias: true, residual: true, activation: .relu6)

private let problems = [
  convolution(3, 34, 34, to: 24, kernel: (3, 3), stride: (2, 2), pads: .init(1), relu),
  convolution(3, 33, 37, to: 5, kernel: (3, 3), stride: (2, 2), pads: .init(1), residual),
  convolution(batch: 2, 7, 19, 23, to: 9, kernel: (3, 3), pads: .init(1), relu),
  convolution(4, 20, 20, to: 6, kernel: (5, 5), pads: .init(2), residual),
  convolution(4, 40, 40, to: 6, kernel: (7, 7), stride: (2, 2), pads: .init(3), relu),
  convolution(4, 21, 21, to: 8, kernel: (3, 3), dilation: (2, 2), pads: .init(2), relu),
  convolution(6, 24, 24, to: 9, kernel: (3, 3), pads: .init(1), groups: 3, residual),
  convolution(8, 18, 18, to: 8, kernel: (3, 3), pads: .init(1), groups: 8, relu),
  convolution(
    2, 17, 17, to: 3, kernel: (2, 4), stride: (1, 3), pads: .init(top: 1, left: 2, bottom: 0, right: 3), relu),
  convolution(
    2, 30, 60, to: 3, kernel: (1, 3), stride: (3, 3), dilation: (1, 2),
    pads: .init(top: 0, left: 1, bottom: 2, right: 1)),
  convolution(5, 16, 16, to: 7, kernel: (1, 1), stride: (2, 2), relu),
  convolution(5, 7, 7, to: 33, kernel: (3, 3), pads: .init(1), residual),
  convolution(2, 3, 3, to: 2, kernel: (3, 3), pads: .init(4), relu),
  convolution(1, 1, 1, to: 1, kernel: (1, 1)),
  convolution(
    3, 20, 66, to: 4, kernel: (3, 3), stride: (1, 2), pads: .init(top: 3, left: 0, bottom: 4, right: 1), relu),
].compactMap { $0 }

@Suite("Convolution by products of matrices")
struct Im2colTests {
  @Test("all the problems of the table exist")
  func table() { #expect(problems.count == 15) }

  @Test("im2col is the convolution by the definition in every configuration", arguments: problems)
  func packed(problem: ConvolutionProblem) throws {
    for set in runnableSets {
      let kernel = Im2colGemm(set)
      #expect(kernel.applicability(to: problem) == .applies)
      #expect(!kernel.configurations(for: problem).isEmpty)
      for configuration in kernel.configurations(for: problem) {
        for workers in [1, 3] { try GemmRunner.check(kernel, problem, configuration, workers: workers) }
      }
      for block in [1, 16, 48] where block <= problem.output.height * problem.output.width {
        try GemmRunner.check(kernel, problem, ["m": 3, "n": 2, "block": block, "depth": 5, "input": 1], workers: 2)
      }
    }
  }

  @Test("implicit products are the convolution by the definition in every configuration", arguments: problems)
  func implicit(problem: ConvolutionProblem) throws {
    for set in runnableSets {
      let kernel = ImplicitGemm(set)
      guard kernel.applicability(to: problem) == .applies else {
        #expect(problem.output.width < set.pixelTiles.lanes || problem.window.kernel == WindowGeometry.Extent(1))
        continue
      }
      #expect(!kernel.configurations(for: problem).isEmpty)
      for configuration in kernel.configurations(for: problem) {
        for workers in [1, 3] { try GemmRunner.check(kernel, problem, configuration, workers: workers) }
      }
    }
  }

  @Test("sizes that no memory holds are refused, not computed")
  func hugeSizes() throws {
    let set = try #require(runnableSets.first)
    let wide = try #require(
      convolution(
        1 << 20, 1, 64, to: 1, kernel: (1, 64), stride: (4096, 1),
        pads: .init(top: 4096, left: 4096, bottom: 4096, right: 4096)))
    #expect(!ImplicitGemm(set).applicability(to: wide).isApplicable)
    #expect(!Im2colGemm(set).applicability(to: wide).isApplicable)
  }

  @Test("configurations that no tile serves are errors that name them")
  func foreignConfigurations() throws {
    let set = try #require(runnableSets.first)
    let problem = problems[0]
    var random = RandomSource(seed: 2)
    let parameters = problem.randomParameters(from: &random)
    for configuration: KernelConfiguration in [
      [:], ["m": 2, "n": 1, "depth": 0, "block": 0, "input": 0], ["m": 2, "n": 1, "depth": 0, "block": 16, "input": 3],
      ["m": 40, "n": 1, "depth": 0, "block": 16, "input": 0],
    ] {
      #expect(throws: KernelError.self) {
        _ = try Im2colGemm(set).prepare(problem, configuration: configuration, parameters: parameters)
      }
    }
    for configuration: KernelConfiguration in [
      ["m": 2, "n": 1, "band": 0, "input": 0], ["m": 2, "n": 1, "band": 1000, "input": 0],
      ["m": 2, "n": 7, "band": 1, "input": 0],
    ] {
      #expect(throws: KernelError.self) {
        _ = try ImplicitGemm(set).prepare(problem, configuration: configuration, parameters: parameters)
      }
    }
  }
}
