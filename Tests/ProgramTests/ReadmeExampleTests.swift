import Foundation
import Luthier
import Testing

struct PlainRelu: LayerKernel {
  let identifier: KernelIdentifier = "mine.relu"
  let version = 1

  func applicability(to problem: ElementwiseProblem) -> Applicability {
    problem.function == .unary(.relu) ? .applies : .refused("is no ReLU")
  }

  func prepare(
    _ problem: ElementwiseProblem, configuration: KernelConfiguration, parameters: NoParameters
  ) throws -> any PreparedKernel {
    Prepared(count: problem.outputShape.elementCount)
  }

  struct Prepared: PreparedKernel {
    let count: Int

    func run(_ operands: LayerOperands, phase: Int, worker: Worker) {
      for index in worker.share(of: count) { operands.output.base[index] = max(operands.input.base[index], 0) }
    }
  }
}

@Suite("The README's examples")
struct ReadmeExampleTests {
  @Test("The deployment example runs, without a tuner")
  func deployment() throws {
    let untuned = try TemporaryFolder()
    defer { withExtendedLifetime(untuned) {} }
    var deployment = Deployment()
    deployment.profile = untuned.url.path
    deployment.threads = 1
    let network = try deployment.load("shufflenet_v2_x1_0")
    let image = Tensor(shape: try TensorShape([1, 3, 224, 224]), repeating: 0.5)
    let scores = try network.run([image])[0]
    #expect(scores.shape.dimensions == [1, 1000])
    #expect(!scores.elements.contains { !$0.isFinite })
  }

  @Test("The example's kernel is registered by conformance alone and solves its problem")
  func extending() throws {
    var registry = try KernelRegistry.standard()
    try registry.register(PlainRelu())
    let problem = ElementwiseProblem(.relu, shape: try TensorShape([2, 5]))
    #expect(registry.candidates(for: problem).contains { $0.kernel == "mine.relu" })
  }

  @Test("The README shows the code that these tests run")
  func verbatim() throws {
    let readme = try Checkout.text("README.md")
    let tests = try Checkout.text("Tests/ProgramTests/ReadmeExampleTests.swift")
    let blocks = readme.components(separatedBy: "```swift\n").dropFirst().compactMap {
      $0.components(separatedBy: "```").first
    }
    let code = try #require(blocks.first { $0.contains("struct PlainRelu") })
    let shown = try #require(code.range(of: "struct PlainRelu")).lowerBound
    let end = try #require(code.range(of: "\n}\n")).upperBound
    #expect(tests.contains(code[shown..<end]))
  }
}
