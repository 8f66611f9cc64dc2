import Charts
import Luthier

/// Layers of a network that go against one of the four guidelines, and the layer of equal FLOPs that keeps it.
package struct DesignViolation {
  /// The guideline's number, 1 to 4.
  package let guideline: Int
  /// The layers' names.
  package let layers: [String]
  /// What is against the guideline, in words.
  package let reason: String
  /// The layers as they are.
  package let found: [any LayerProblem]
  /// What keeps the guideline at equal FLOPs; several are run one after the other. Empty where there is nothing to compare with.
  package let kept: [any LayerProblem]
  /// What is to be taken from the time of ``kept``: the part that is there already.
  package let keptWithout: [any LayerProblem]
  /// ``kept`` in words.
  package let advice: String
}

extension DesignViolation {
  /// The least ratio of a 1×1 convolution's widths that is worth a word.
  package static let widthRatio = 2.0

  /// Guidelines 1 to 4 applied to a graph as the passes leave it.
  package static func all(in graph: Graph) throws -> [DesignViolation] {
    try widths(graph) + groups(graph) + fragments(graph) + elementwise(graph)
  }

  /// Guideline 1: 1×1 convolutions whose widths differ.
  private static func widths(_ graph: Graph) throws -> [DesignViolation] {
    try convolutions(graph).compactMap { node, problem in
      let (inputs, outputs) = (Double(problem.inputChannels), Double(problem.outputChannels))
      let ratio = max(inputs, outputs) / min(inputs, outputs)
      // A map of one pixel is a dense layer: its cost is its weights, which equal widths do not change.
      guard problem.isPointwise, problem.groups == 1, ratio >= widthRatio,
        problem.output.height * problem.output.width > 1
      else { return nil }
      let width = max(Int((inputs * outputs).squareRoot().rounded()), 1)
      return DesignViolation(
        guideline: 1, layers: [node.name],
        reason:
          "1×1 from \(problem.inputChannels) to \(problem.outputChannels) channels, 1:\(Figures.fixed(ratio, 1))",
        found: [problem], kept: [try problem.with(inputs: width, outputs: width)], keptWithout: [],
        advice: "1×1 from \(width) to \(width) channels")
    }
  }

  /// Guideline 2: convolutions in groups that are not depthwise.
  private static func groups(_ graph: Graph) throws -> [DesignViolation] {
    try convolutions(graph).compactMap { node, problem in
      guard problem.groups > 1, !problem.isDepthwise else { return nil }
      let factor = Double(problem.groups).squareRoot()
      let inputs = max(Int((Double(problem.inputChannels) / factor).rounded()), 1)
      let outputs = max(Int((Double(problem.outputChannels) / factor).rounded()), 1)
      return DesignViolation(
        guideline: 2, layers: [node.name],
        reason: "\(problem.groups) groups of \(problem.inputChannels) to \(problem.outputChannels) channels",
        found: [problem], kept: [try problem.with(inputs: inputs, outputs: outputs)], keptWithout: [],
        advice: "one group, \(inputs) to \(outputs) channels")
    }
  }

  /// Guideline 3: dense convolutions beside each other that read one value.
  private static func fragments(_ graph: Graph) throws -> [DesignViolation] {
    var readers: [ValueID: [(GraphNode, ConvolutionProblem)]] = [:]
    var order: [ValueID] = []
    for (node, problem) in convolutions(graph) where problem.groups == 1 && !node.inputs.isEmpty {
      if readers[node.inputs[0]] == nil { order.append(node.inputs[0]) }
      readers[node.inputs[0], default: []].append((node, problem))
    }
    return try order.compactMap { value in
      let branches = readers[value] ?? []
      // Of another stride or size is another map, which one convolution could not give.
      guard branches.count > 1, let widest = branches.max(by: { $0.1.kernelArea < $1.1.kernelArea })?.1,
        branches.allSatisfy({ $0.1.output == widest.output })
      else { return nil }
      let work = branches.reduce(0) { $0 + $1.1.operationCount.multiplyAccumulates }
      let perOutput = widest.operationCount.multiplyAccumulates / max(widest.outputChannels, 1)
      let outputs = max(Int((Double(work) / Double(max(perOutput, 1))).rounded()), 1)
      return DesignViolation(
        guideline: 3, layers: branches.map(\.0.name),
        reason: "\(branches.count) convolutions of one input", found: branches.map(\.1),
        kept: [try widest.with(inputs: widest.inputChannels, outputs: outputs)], keptWithout: [],
        advice: "one \(widest.window.kernel.height)×\(widest.window.kernel.width) convolution to \(outputs) channels")
    }
  }

  /// Guideline 4: element-wise operations that no epilogue took.
  private static func elementwise(_ graph: Graph) throws -> [DesignViolation] {
    var makers: [ValueID: ConvolutionProblem] = [:]
    for (node, problem) in convolutions(graph) { makers[node.output] = problem }
    return try graph.nodes.compactMap { node in
      guard case .layer(let layer, _) = node.operation, let problem = layer as? ElementwiseProblem else { return nil }
      let maker = node.inputs.lazy.compactMap { makers[$0] }.first
      let fused = try maker.flatMap { try $0.fusing(problem) }
      return DesignViolation(
        guideline: 4, layers: [node.name], reason: "\(problem.function.name), a pass over \(problem.outputShape)",
        found: [problem], kept: fused.map { [$0] } ?? [], keptWithout: fused == nil ? [] : maker.map { [$0] } ?? [],
        advice: fused == nil ? "leave it out" : "the same in the epilogue of the convolution before")
    }
  }

  private static func convolutions(_ graph: Graph) -> [(GraphNode, ConvolutionProblem)] {
    graph.nodes.compactMap { node in
      guard case .layer(let layer, _) = node.operation, let problem = layer as? ConvolutionProblem else { return nil }
      return (node, problem)
    }
  }
}

extension ConvolutionProblem {
  fileprivate var kernelArea: Int { window.kernel.height * window.kernel.width }

  /// The same convolution in one group with other widths.
  fileprivate func with(inputs: Int, outputs: Int) throws -> ConvolutionProblem {
    try ConvolutionProblem(
      batch: batch, inputChannels: inputs, input: input, outputChannels: outputs, window: window, epilogue: epilogue)
  }

  /// The same convolution with an element-wise operation in its epilogue; nil where it has no room for it.
  fileprivate func fusing(_ elementwise: ElementwiseProblem) throws -> ConvolutionProblem? {
    guard epilogue.activation == .identity, elementwise.outputShape == outputShape else { return nil }
    var fused = epilogue
    switch elementwise.function {
    case .unary(let activation): fused.activation = activation
    case .binary(.add, let activation)
    where !epilogue.hasResidual && elementwise.inputShapes.allSatisfy { $0 == outputShape }:
      fused.hasResidual = true
      fused.activation = activation
    case .binary, .squareRoot: return nil
    }
    return try ConvolutionProblem(
      batch: batch, inputChannels: inputChannels, input: input, outputChannels: outputChannels, window: window,
      groups: groups, epilogue: fused)
  }
}

extension ElementwiseProblem.Function {
  fileprivate var name: String {
    switch self {
    case .unary(let activation): activation.description
    case .squareRoot: "square root"
    case .binary(let function, .identity): function.rawValue
    case .binary(let function, let activation): "\(function.rawValue) and \(activation)"
    }
  }
}
