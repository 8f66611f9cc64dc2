import LayerKernels

extension ONNXOperatorRegistry {
  mutating func registerPooling() {
    register("MaxPool") { node, importer in
      guard node.outputs.count <= 1 || node.outputs[1].isEmpty else {
        throw node.unsupported("its indices are asked for")
      }
      return [try Self.pool(.maximum, node, &importer)]
    }
    register("AveragePool") { node, importer in
      let counts = node.integer("count_include_pad") ?? 0 != 0
      return [try Self.pool(counts ? .averageIncludingPadding : .average, node, &importer)]
    }
    register("GlobalAveragePool") { node, importer in [try Self.poolGlobally(.average, node, &importer)] }
    register("GlobalMaxPool") { node, importer in [try Self.poolGlobally(.maximum, node, &importer)] }
    register("ReduceMean") { node, importer in
      let input = try importer.required(0, of: node)
      let rank = input.shape.rank
      let given = try node.integers("axes") ?? importer.constant(1, of: node)?.integers
      if given ?? [] == [], node.integer("noop_with_empty_axes") ?? 0 != 0 { return [input] }
      var axes: [Int] = []
      for axis in given ?? [] { axes.append(try node.axis(axis, rank: rank)) }
      if axes.isEmpty { axes = Array(0..<rank) }
      let mean = try importer.add(ReductionProblem(shape: input.shape, axes: axes), [input], for: node)
      if node.integer("keepdims") ?? 1 != 0 { return [mean] }
      let sizes = input.shape.dimensions.indices.filter { !axes.contains($0) }.map { input.shape[$0] }
      return [try importer.move(.reshape, [mean], to: sizes, for: node)]
    }
  }

  private static func pool(
    _ reduction: PoolingProblem.Reduction, _ node: ONNXNode, _ importer: inout GraphImporter
  ) throws -> ImportedValue {
    let input = try importer.required(0, of: node)
    guard let kernel = node.integers("kernel_shape") else { throw node.error("it has no kernel_shape") }
    let window = try NodeWindow(node, input: input.shape, kernel: kernel)
    let problem = try PoolingProblem(
      reduction, batch: input.shape[0], channels: input.shape[1],
      input: .init(height: input.shape[2], width: input.shape[3]), window: window.geometry, roundsUp: window.roundsUp)
    return try importer.add(problem, [input], for: node)
  }

  private static func poolGlobally(
    _ reduction: PoolingProblem.Reduction, _ node: ONNXNode, _ importer: inout GraphImporter
  ) throws -> ImportedValue {
    let input = try importer.required(0, of: node)
    guard input.shape.rank == 4 else {
      throw node.unsupported("its input has \(input.shape.rank) dimensions; 4 are supported")
    }
    let problem = try PoolingProblem(
      global: reduction, batch: input.shape[0], channels: input.shape[1],
      input: .init(height: input.shape[2], width: input.shape[3]))
    return try importer.add(problem, [input], for: node)
  }
}
