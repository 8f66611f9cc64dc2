import LayerKernels

extension GraphPass {
  /// Splits a convolution whose windows lie largely outside the image into one for each part of the output whose windows see the
  /// same taps: with a dilation of half the image (Chen et al., "Rethinking atrous convolution", 2017, section 3.3) two thirds of
  /// all products are with padding, and no kernel can leave them out of a product of whole panels.
  ///
  /// Only where the products that are saved outweigh the copies of parts and the weights that several parts read.
  public static let splitWindows = GraphPass("split-windows") { graph in
    var rewriter = try GraphRewriter(graph)
    for node in graph.nodes {
      guard case .layer(let problem as ConvolutionProblem, let parameters as ConvolutionParameters) = node.operation,
        node.inputs.count == 1, let parts = SplitConvolution(problem), parts.isWorthIt
      else {
        try rewriter.copy(node)
        continue
      }
      let input = try rewriter.place(node.inputs[0])
      try parts.emit(node, parameters, input: input, &rewriter)
    }
    return try rewriter.finish()
  }
}

/// Outputs side by side along an axis whose windows see the same taps.
private struct Band {
  let outputs: Range<Int>
  let taps: Range<Int>
  /// The inputs between the first that a window of the band sees and the last.
  let inputs: Range<Int>

  /// The bands of an axis; nil where a window sees nothing.
  static func all(_ axis: WindowAxis) -> [Band]? {
    var bands: [(outputs: Range<Int>, taps: Range<Int>)] = []
    for position in 0..<axis.output {
      guard let taps = axis.taps(ofWindow: position) else { return nil }
      if let previous = bands.last, previous.taps == taps {
        bands[bands.count - 1].outputs = previous.outputs.lowerBound..<(position + 1)
      } else {
        bands.append((position..<(position + 1), taps))
      }
    }
    return bands.map { band in
      let first = band.outputs.lowerBound * axis.stride - axis.before + band.taps.lowerBound * axis.dilation
      let length = (band.outputs.count - 1) * axis.stride + (band.taps.count - 1) * axis.dilation + 1
      return Band(outputs: band.outputs, taps: band.taps, inputs: first..<(first + length))
    }
  }
}

/// A convolution as one for each pair of bands.
private struct SplitConvolution {
  private let problem: ConvolutionProblem
  private let rows: [Band]
  private let columns: [Band]

  /// Nil where there is nothing to split.
  init?(_ problem: ConvolutionProblem) {
    let axes = problem.window.axes(over: problem.input, output: problem.output)
    guard let rows = Band.all(axes.rows), let columns = Band.all(axes.columns),
      // A window of usual size loses rows and columns of taps at its edges only, a narrow band each.
      (2...9).contains(rows.count * columns.count)
    else { return nil }
    self.problem = problem
    self.rows = rows
    self.columns = columns
  }

  /// The most copied elements and repeated weights for a hundred saved products: memory moves some 2 · 10⁹ of them in the time of
  /// 5 · 10¹⁰ products, and twice that share is left as a margin.
  private static let copiesPerHundredProducts = 2

  var isWorthIt: Bool {
    func products(_ bands: [Band]) -> Int { bands.reduce(0) { $0 + $1.outputs.count * $1.taps.count } }
    func taps(_ bands: [Band]) -> Int { bands.reduce(0) { $0 + $1.taps.count } }
    func inputs(_ bands: [Band]) -> Int { bands.reduce(0) { $0 + $1.inputs.count } }
    let (kernel, output) = (problem.window.kernel, problem.output)
    let channelProducts = problem.batch * problem.filterShape.elementCount / (kernel.height * kernel.width)
    let saved =
      channelProducts
      * (output.height * output.width * kernel.height * kernel.width - products(rows) * products(columns))
    let weights = problem.filterShape.elementCount / (kernel.height * kernel.width) * taps(rows) * taps(columns)
    let copies =
      problem.batch * problem.inputChannels * inputs(rows) * inputs(columns) + 2 * problem.outputShape.elementCount
    return saved / 100 * Self.copiesPerHundredProducts >= max(weights - problem.filterShape.elementCount, 0) + copies
  }

  /// Adds a convolution for each part, and puts their outputs together.
  func emit(
    _ node: GraphNode, _ parameters: ConvolutionParameters, input: ValueID, _ rewriter: inout GraphRewriter
  ) throws {
    var strips: [ValueID] = []
    for row in rows {
      let strip = try cut(
        input, axis: 2, row.inputs, of: problem.input.height, "\(node.name) rows \(row.outputs.lowerBound)", &rewriter)
      var parts: [ValueID] = []
      for column in columns {
        let name = rewriter.freeName("\(node.name) at \(row.outputs.lowerBound), \(column.outputs.lowerBound)")
        let part = try cut(strip, axis: 3, column.inputs, of: problem.input.width, "\(name) input", &rewriter)
        let problem = try convolution(row, column)
        let constants = try parameters.keeping(rows: row.taps, columns: column.taps, for: problem)
        parts.append(try rewriter.add(name, problem, parameters: constants, inputs: [part]))
      }
      if rows.count == 1 {
        return try rewriter.emit(
          rewriter.freeName("\(node.name) parts"), .concatenate(axis: 3), inputs: parts, for: node.output)
      }
      strips.append(try joined(parts, axis: 3, "\(node.name) row", &rewriter))
    }
    try rewriter.emit(
      rewriter.freeName("\(node.name) parts"), .concatenate(axis: 2), inputs: strips, for: node.output)
  }

  private func joined(
    _ parts: [ValueID], axis: Int, _ name: String, _ rewriter: inout GraphRewriter
  ) throws -> ValueID {
    guard parts.count > 1 else { return parts[0] }
    var sizes = rewriter.result[parts[0]].shape.dimensions
    sizes[axis] = parts.reduce(0) { $0 + rewriter.result[$1].shape[axis] }
    return try rewriter.add(
      rewriter.freeName(name), .concatenate(axis: axis), inputs: parts, shape: TensorShape(sizes))
  }

  private func cut(
    _ value: ValueID, axis: Int, _ range: Range<Int>, of size: Int, _ name: String, _ rewriter: inout GraphRewriter
  ) throws -> ValueID {
    guard range != 0..<size else { return value }
    var sizes = rewriter.result[value].shape.dimensions
    sizes[axis] = range.count
    return try rewriter.add(
      rewriter.freeName(name), .gather(axis: axis, indices: Array(range)), inputs: [value], shape: TensorShape(sizes))
  }

  private func convolution(_ row: Band, _ column: Band) throws -> ConvolutionProblem {
    let window = problem.window
    return try ConvolutionProblem(
      batch: problem.batch, inputChannels: problem.inputChannels,
      input: .init(height: row.inputs.count, width: column.inputs.count), outputChannels: problem.outputChannels,
      window: WindowGeometry(
        kernel: .init(height: row.taps.count, width: column.taps.count), stride: window.stride,
        dilation: .init(
          height: row.taps.count > 1 ? window.dilation.height : 1,
          width: column.taps.count > 1 ? window.dilation.width : 1)),
      groups: problem.groups, epilogue: problem.epilogue)
  }
}
