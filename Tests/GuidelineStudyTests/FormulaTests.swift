import GuidelineStudy
import Luthier
import Testing

@Suite("The paper's formulas")
struct FormulaTests {
  @Test(
    "The bound on a 1×1 convolution's memory access cost is met at equal widths and nowhere else", arguments: [56.0, 7])
  func bound(side: Double) throws {
    let plane = side * side
    for (inputs, outputs) in [(64.0, 64.0), (32, 128), (16, 256), (9, 108)] {
      let cost = plane * (inputs + outputs) + inputs * outputs
      let bound = ChannelRatioExperiment.bound(plane: plane, work: plane * inputs * outputs)
      if inputs == outputs { #expect(abs(cost - bound) < 1e-6 * cost) } else { #expect(cost > bound * 1.01) }
    }
  }

  @Test(
    "Equation 2 is the memory access cost that the library counts, for every number of groups", arguments: [1, 2, 4, 8])
  func groups(count: Int) throws {
    let channels = 64
    let problem = try ConvolutionProblem(
      batch: 1, inputChannels: channels, input: .init(14), outputChannels: channels,
      window: WindowGeometry(kernel: .init(1)),
      groups: count)
    let work = Double(problem.operationCount.multiplyAccumulates)
    let cost = GroupExperiment.memoryAccessCost(
      plane: 14 * 14, inputs: Double(channels), groups: Double(count), work: work)
    #expect(abs(cost - Double(problem.memoryAccessCost)) < 1e-6 * cost)
  }

  @Test("The three forms of the merge give the same bits: copies change nothing")
  func merge() throws {
    let registry = try KernelRegistry.standard()
    let outputs = try MergeExperiment.Form.allCases.map { form in
      let graph = try MergeExperiment.graph(form, channels: 20, size: 5, units: 3)
      var random = RandomSource(seed: 2)
      let network = try CompiledNetwork(
        graph, registry: registry,
        options: CompilationOptions(passes: [.recognizeChannelMovements, .composeMovements, .removeUnused]))
      return try network.run([random.tensor(shape: graph[graph.inputs[0]].shape)])[0]
    }
    #expect(outputs[1].elements == outputs[0].elements)
    #expect(outputs[2].elements == outputs[0].elements)
    #expect(outputs[0].elements.contains { $0 != 0 })
  }

  @Test("A unit has three passes over all its elements, one, or none")
  func passes() throws {
    let counts = try MergeExperiment.Form.allCases.map { form in
      let graph = try MergeExperiment.graph(form, channels: 20, size: 5, units: 3)
        .applying([.recognizeChannelMovements, .composeMovements, .removeUnused])
      return graph.nodes.reduce(0) { sum, node in
        guard case .layer(let problem, _) = node.operation, problem is ElementwiseProblem else { return sum }
        return sum + problem.outputShape.elementCount
      }
    }
    let whole = 20 * 5 * 5
    // Before the first unit there is nothing to split by copying.
    #expect(counts == [(3 + 3 + 2) * whole, 2 * whole, 0])
  }
}
