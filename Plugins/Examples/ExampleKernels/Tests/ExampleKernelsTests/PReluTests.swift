import Autotuner
import ExampleKernels
import Foundation
import KernelConformance
import Luthier
import Testing

@Suite("PReLU, an operation that Luthier does not know")
struct PReluTests {
  func problems() throws -> [PReluProblem] {
    try [[1, 64, 28, 28], [1, 1, 1, 1], [2, 3, 5, 7], [3, 5, 1, 17], [1, 2, 16, 16]].map {
      try PReluProblem(shape: TensorShape($0))
    }
  }

  /// A kernel is compared with the definition in `ReferencePRelu`.
  func conformance() throws -> KernelConformance { try KernelConformance(definitions: [ReferencePRelu()]) }

  @Test("conforms")
  func conforms() throws {
    for report in try conformance().check(VectorPRelu(), problems: problems()) {
      #expect(report.isConforming, "\(report)")
    }
    for report in try conformance().check(ReferencePRelu(), problems: problems()) {
      #expect(report.isConforming, "\(report)")
    }
  }

  @Test("the kit says what a wrong kernel gets wrong")
  func wrong() throws {
    let reports = try conformance().check(WrongPRelu(), problems: problems())
    let wrong = reports.filter { !$0.isConforming }
    #expect(Set(wrong.compactMap(\.problem?.description)) == ["prelu shape=2x3x5x7", "prelu shape=3x5x1x17"])
    #expect(wrong[0].description.contains("elements differ from the reference, most [1, "))
    #expect(wrong[0].description.contains("(all within [1, 0…1, 0…4, 0…6] of 2x3x5x7)"))
  }

  @Test("is tuned")
  func tuned() throws {
    let registry = try registry()
    let tuner = ProblemTuner(
      registry: registry, oracle: registry.filter { $0.family == "reference" }, clock: SystemClock(),
      options: TuningOptions(effort: .quick))
    let entry = try tuner.tune(problems()[0], threads: 1, cancellation: Cancellation(), report: { _ in })
    #expect(entry.winner?.kernel == "example.prelu")
  }

  @Test("an ONNX file with it is written, loaded and run")
  func onnx() throws {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID()).onnx").path
    try ONNXModel.write(graph(), to: path, operators: operators())
    defer { try? FileManager.default.removeItem(atPath: path) }
    var random = RandomSource(seed: 3)
    let picture = random.tensor(shape: try TensorShape([2, 6, 9, 11]))
    var deployment = Deployment()
    deployment.registry = try registry()
    deployment.operators = operators()
    deployment.family = "example"
    let network = try deployment.load(path)
    #expect(
      network.layers.filter { !$0.isConversion }.map(\.choice.candidate.kernel) == [
        "example.depthwise5x5", "example.prelu",
      ])
    deployment.family = "reference"
    let expected = try deployment.load(path).run([picture])[0].elements
    let found = try network.run([picture])[0].elements
    #expect(expected.contains { $0 < 0 } && expected.contains { $0 > 0 })
    #expect(zip(found, expected).allSatisfy { abs($0 - $1) <= 1e-5 })
  }

  @Test("a program that has no kernel for it says so")
  func unknown() throws {
    let model = try ONNXModel(bytes: ONNXModel.encode(graph(), operators: operators()), name: "model")
    let error = #expect(throws: ONNXError.self) { try model.graph() }
    #expect(error?.description.contains("kernels do not compute activation (PRelu)") ?? false)
  }

  /// The standard kernels and the package's.
  private func registry() throws -> KernelRegistry {
    var registry = try KernelRegistry.standard()
    for kernel in ExampleKernels.kernels { try registry.register(kernel) }
    return registry
  }

  /// The standard operators and the package's.
  private func operators() -> ONNXOperatorRegistry {
    var operators = ONNXOperatorRegistry.standard
    operators.add(ExampleKernels.operators)
    return operators
  }

  /// A depthwise convolution with PReLU after it.
  private func graph() throws -> Graph {
    var random = RandomSource(seed: 2)
    var graph = Graph(name: "example")
    let picture = try graph.addInput("picture", shape: TensorShape([2, 6, 9, 11]))
    let convolution = try ConvolutionProblem(
      batch: 2, inputChannels: 6, input: .init(height: 9, width: 11), outputChannels: 6,
      window: WindowGeometry(kernel: .init(5), pads: .init(2)), groups: 6, epilogue: Epilogue(bias: true))
    let hidden = try graph.addLayer(
      "convolution", convolution, parameters: convolution.randomParameters(from: &random), inputs: [picture])
    let activation = try PReluProblem(shape: convolution.outputShape)
    graph.addOutput(
      try graph.addLayer(
        "activation", activation, parameters: activation.randomParameters(from: &random), inputs: [hidden]))
    return graph
  }
}

/// Looks up the slope by the plane and forgets that a batch has several planes of each channel.
private struct WrongPRelu: LayerKernel {
  let identifier: KernelIdentifier = "wrong.prelu"
  let version = 1

  func applicability(to problem: PReluProblem) -> Applicability { .applies }

  func prepare(
    _ problem: PReluProblem, configuration: KernelConfiguration, parameters: PReluParameters
  ) throws -> any PreparedKernel {
    Prepared(shape: problem.outputShape, slopes: parameters.slopes)
  }

  struct Prepared: PreparedKernel {
    let shape: TensorShape
    let slopes: [Float]

    func run(_ operands: LayerOperands, phase: Int, worker: Worker) {
      for index in worker.share(of: shape.elementCount) {
        let x = operands.input.base[index]
        let plane = min(index / (shape[2] * shape[3]), slopes.count - 1)
        operands.output.base[index] = x < 0 ? x * slopes[plane] : x
      }
    }
  }
}
