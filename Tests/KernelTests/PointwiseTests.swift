import DirectKernels
import LayerKernels
import MicroKernels
import Testing

/// Pointwise problems: input channels, rows, columns, output channels, batch, epilogue.
private let problems: [ConvolutionProblem] = {
  let sizes: [(Int, Int, Int, Int, Int)] = [
    (1, 1, 1, 1, 1), (3, 1, 1, 5, 2), (24, 7, 7, 58, 1), (58, 7, 7, 58, 2), (29, 5, 13, 23, 1), (17, 1, 33, 31, 1),
    (8, 9, 9, 17, 2), (200, 7, 7, 65, 1), (31, 14, 14, 116, 1), (5, 28, 28, 3, 1),
  ]
  let epilogues: [Epilogue] = [
    .none, Epilogue(bias: true, activation: .relu), Epilogue(bias: true, residual: true, activation: .relu6),
    Epilogue(residual: true, activation: .hardSwish), Epilogue(bias: true, activation: .leakyRelu(slope: 0.1)),
  ]
  return sizes.enumerated().flatMap { index, size in
    [epilogues[index % epilogues.count], epilogues[(index + 2) % epilogues.count]].compactMap { epilogue in
      try? ConvolutionProblem(
        batch: size.4, inputChannels: size.0, input: WindowGeometry.Extent(height: size.1, width: size.2),
        outputChannels: size.3, window: WindowGeometry(kernel: WindowGeometry.Extent(1)), epilogue: epilogue)
    }
  }
}()

@Suite("Pointwise convolution")
struct PointwiseTests {
  @Test("every configuration between planes is the convolution by the definition", arguments: problems)
  func pixels(problem: ConvolutionProblem) throws {
    for set in runnableSets {
      let kernel = PointwisePixels(set)
      #expect(kernel.applicability(to: problem) == .applies)
      let configurations = kernel.configurations(for: problem)
      #expect(!configurations.isEmpty && Set(configurations).count == configurations.count)
      for configuration in configurations {
        for workers in [1, 3] { try GemmRunner.check(kernel, problem, configuration, workers: workers) }
      }
    }
  }

  @Test("every configuration with channels along the lanes is the convolution by the definition", arguments: problems)
  func channels(problem: ConvolutionProblem) throws {
    for set in runnableSets {
      let kernel = PointwiseChannels(set)
      #expect(kernel.applicability(to: problem) == .applies)
      #expect(!kernel.configurations(for: problem).isEmpty)
      for configuration in kernel.configurations(for: problem) {
        for workers in [1, 2] { try GemmRunner.check(kernel, problem, configuration, workers: workers) }
      }
    }
  }

  @Test("blocks of k that do not divide it, and every tile that is offered, give the same result")
  func blocksOfDepth() throws {
    let problem = try ConvolutionProblem(
      inputChannels: 37, input: WindowGeometry.Extent(7), outputChannels: 29,
      window: WindowGeometry(kernel: WindowGeometry.Extent(1)),
      epilogue: Epilogue(bias: true, residual: true, activation: .relu))
    for set in runnableSets {
      for vectors in 1...PixelTileTable.maximumVectors {
        for rows in 1..<set.pixelTiles.maximumRows(vectors: vectors) + 1 {
          for (depth, outer) in [(0, 1), (5, 0), (16, 1)] {
            try GemmRunner.check(
              PointwisePixels(set), problem,
              ["m": rows, "n": vectors, "depth": depth, "outer": outer, "split": 2], workers: 2)
          }
        }
      }
      for (depth, block) in [(5, 49), (16, 6)] {
        try GemmRunner.check(
          PointwiseChannels(set), problem,
          ["p": 4, "n": 2, "depth": depth, "block": block, "rowsIn": 0, "rowsOut": 1])
      }
    }
  }

  @Test("groups of channels are convolved apart")
  func groups() throws {
    let problem = try ConvolutionProblem(
      batch: 2, inputChannels: 24, input: WindowGeometry.Extent(7), outputChannels: 36,
      window: WindowGeometry(kernel: WindowGeometry.Extent(1)), groups: 3,
      epilogue: Epilogue(bias: true, residual: true))
    for set in runnableSets {
      let kernel = PointwisePixels(set)
      #expect(!kernel.configurations(for: problem).isEmpty)
      for configuration in kernel.configurations(for: problem) {
        for workers in [1, 2] { try GemmRunner.check(kernel, problem, configuration, workers: workers) }
      }
      #expect(!PointwiseChannels(set).applicability(to: problem).isApplicable)
    }
  }

  @Test("a stride is refused with its reason")
  func refusals() throws {
    let set = try #require(runnableSets.first)
    let strided = try ConvolutionProblem(
      inputChannels: 8, input: WindowGeometry.Extent(9), outputChannels: 8,
      window: WindowGeometry(kernel: WindowGeometry.Extent(1), stride: WindowGeometry.Extent(2)))
    guard case .refused(let reason) = PointwisePixels(set).applicability(to: strided) else {
      Issue.record("\(strided.key) was not refused")
      return
    }
    #expect(reason.contains("stride"))
    #expect(!PointwiseChannels(set).applicability(to: strided).isApplicable)
    #expect(throws: KernelError.self) {
      var random = RandomSource(seed: 1)
      _ = try PointwisePixels(set).prepare(
        strided, configuration: ["m": 1, "n": 1, "outer": 0, "depth": 0, "split": 0],
        parameters: strided.randomParameters(from: &random))
    }
  }

  @Test("an exponential rides in the epilogue, with pixels after whole vectors, too")
  func exponentials() throws {
    let problem = try ConvolutionProblem(
      inputChannels: 8, input: WindowGeometry.Extent(9), outputChannels: 8,
      window: WindowGeometry(kernel: WindowGeometry.Extent(1)),
      epilogue: Epilogue(bias: true, residual: true, activation: .sigmoid))
    for set in runnableSets {
      let kernel = PointwisePixels(set)
      #expect(!kernel.configurations(for: problem).isEmpty)
      for configuration in kernel.configurations(for: problem) {
        try GemmRunner.check(kernel, problem, configuration, workers: 1)
      }
    }
  }

  @Test("a configuration of another machine or another hand is an error that names it")
  func foreignConfigurations() throws {
    let set = try #require(runnableSets.first)
    let problem = problems[4]
    var random = RandomSource(seed: 1)
    let parameters = problem.randomParameters(from: &random)
    let wrong: [KernelConfiguration] = [
      [:], ["m": 99, "n": 2, "outer": 0, "depth": 0, "split": 0],
      ["m": 2, "n": 99, "outer": 0, "depth": 0, "split": 0],
      ["m": 0, "n": 1, "outer": 0, "depth": 0, "split": 0], ["m": 2, "n": 1, "outer": 0, "depth": -1, "split": 0],
      ["m": 2, "n": 5, "outer": 0, "depth": 0, "split": 0],
    ]
    for configuration in wrong {
      #expect(throws: KernelError.self) {
        _ = try PointwisePixels(set).prepare(problem, configuration: configuration, parameters: parameters)
      }
      #expect(throws: KernelError.self) {
        _ = try PointwiseChannels(set).prepare(problem, configuration: configuration, parameters: parameters)
      }
    }
  }

  @Test(
    "a dense layer is the product by the definition",
    arguments: [(1, 1, 1), (1, 64, 1000), (1, 37, 45), (5, 20, 33), (70, 19, 64)])
  func dense(size: (rows: Int, depth: Int, columns: Int)) throws {
    for (index, constant) in [true, false, true, false].enumerated() {
      let problem = try MatrixMultiplyProblem(
        batch: index + 1, rows: size.rows, depth: size.depth, columns: size.columns, hasConstantWeights: constant,
        epilogue: Epilogue(bias: index < 3, residual: index > 1, activation: index % 2 == 0 ? .relu : .identity))
      for set in runnableSets {
        let kernel = PointwiseDense(set)
        #expect(!kernel.configurations(for: problem).isEmpty)
        for configuration in kernel.configurations(for: problem) {
          for workers in [1, 2] { try GemmRunner.check(kernel, problem, configuration, workers: workers) }
        }
      }
    }
  }
}
