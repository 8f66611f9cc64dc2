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
    let image = try NodeWindow.image(input, node, &importer)
    let problem = try PoolingProblem(
      reduction, batch: image.shape[0], channels: image.shape[1],
      input: .init(height: image.shape[2], width: image.shape[3]), window: window.geometry, roundsUp: window.roundsUp)
    return try NodeWindow.lines(
      importer.add(problem, [image], for: node), rank: input.shape.rank, node, &importer)
  }

  /// The pooling of all positions, of any number of dimensions: they are one row.
  private static func poolGlobally(
    _ reduction: PoolingProblem.Reduction, _ node: ONNXNode, _ importer: inout GraphImporter
  ) throws -> ImportedValue {
    let input = try importer.required(0, of: node)
    let shape = input.shape
    guard shape.rank > 2 else { throw node.unsupported("its input \(shape) has no spatial dimensions") }
    let positions = shape.dimensions[2...].reduce(1, *)
    let isImage = shape.rank == 4
    let image =
      isImage
      ? input : try importer.move(.reshape, [input], to: [shape[0], shape[1], 1, positions], for: node)
    let problem = try PoolingProblem(
      global: reduction, batch: shape[0], channels: shape[1],
      input: .init(height: image.shape[2], width: image.shape[3]))
    let result = try importer.add(problem, [image], for: node)
    if isImage { return result }
    let sizes = [shape[0], shape[1]] + [Int](repeating: 1, count: shape.rank - 2)
    return try importer.move(.reshape, [result], to: sizes, for: node)
  }
}
