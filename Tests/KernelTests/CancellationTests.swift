import LayerKernels
import StandardKernels
import Testing

@Suite("Convolutions of images in bytes' range with filters of mean zero")
struct CancellationTests {
  /// The largest error, over the largest output, of each kernel that says how large its error may be, on inputs of 200 to 255 and
  /// filters whose elements sum to nothing: what is multiplied is hundreds of times what is left. (Products of narrow numbers say
  /// nothing of that; their error is measured where they are to run, and their tests bound it by the steps of their scales.)
  static func errors(channels: Int, size: Int, groups: Int = 1) throws -> [String: (error: Double, allowed: Float?)] {
    let problem = try ConvolutionProblem(
      inputChannels: channels, input: .init(size), outputChannels: groups > 1 ? channels : 16,
      window: WindowGeometry(kernel: .init(3), pads: .init(1)), groups: groups)
    var random = RandomSource(seed: 18)
    let input = try Tensor(
      shape: problem.inputShape,
      elements: (0..<problem.inputShape.elementCount).map { _ in 227.5 + random.nextFloat(magnitude: 27.5) })
    var weights = random.tensor(shape: problem.filterShape).elements
    for start in stride(from: 0, to: weights.count, by: 9) {
      let mean = weights[start..<(start + 9)].reduce(0, +) / 9
      for index in start..<(start + 9) { weights[index] -= mean }
    }
    let parameters = try ConvolutionParameters(
      filter: Tensor(shape: problem.filterShape, elements: weights), bias: nil, for: problem)
    let registry = try KernelRegistry.standard()
    var outputs: [String: (Tensor, ErrorClass)] = [:]
    for kernel in registry.allKernels where registry.origin(of: kernel) == .program {
      guard let kernel = kernel as? any LayerKernel<ConvolutionProblem>, kernel.applicability(to: problem) == .applies
      else { continue }
      outputs["\(kernel.identifier)"] = try output(of: kernel, problem, parameters, input)
    }
    let reference = try #require(outputs["reference.convolution"]).0.elements
    let inner = reference.indices.filter { index in
      let (row, column) = (index / size % size, index % size)
      return (1..<(size - 1)).contains(row) && (1..<(size - 1)).contains(column)
    }
    // Without the rim, where padding leaves large sums.
    let largest = inner.reduce(0) { max($0, Double(reference[$1].magnitude)) }
    return outputs.filter { $1.1 != .approximate(relativeError: nil) }.mapValues { output, errorClass in
      let error = inner.reduce(0) { max($0, Double((output.elements[$1] - reference[$1]).magnitude)) }
      let allowed: Float? =
        switch errorClass {
        case .exact(let tolerance): tolerance
        case .approximate(let error): error
        }
      return (error / largest, allowed)
    }
  }

  private static func output<Kernel: LayerKernel<ConvolutionProblem>>(
    of kernel: Kernel, _ problem: ConvolutionProblem, _ parameters: ConvolutionParameters, _ input: Tensor
  ) throws -> (Tensor, ErrorClass)? {
    guard let configuration = kernel.configurations(for: problem).first else { return nil }
    return (
      try GemmRunner.run(kernel, problem, configuration, parameters, [input], workers: 1),
      kernel.errorClass(for: problem, configuration: configuration)
    )
  }

  @Test(
    "stay within their kernels' tolerances",
    arguments: [(4, 20, 1), (64, 20, 1), (512, 20, 1), (2048, 8, 1), (64, 20, 64)])
  func errors(channels: Int, size: Int, groups: Int) throws {
    let found = try Self.errors(channels: channels, size: size, groups: groups)
    #expect(found.keys.contains(groups > 1 ? "winograd.depthwise" : "winograd.f4x4"))
    for (kernel, (error, allowed)) in found {
      // What an output of a network may be off by, whatever a kernel allows itself.
      #expect(error <= min(Double(allowed ?? 2e-3), 2e-3), "\(kernel)")
    }
  }
}
