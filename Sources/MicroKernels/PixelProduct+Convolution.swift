import LayerKernels

extension PixelProduct {
  /// One product for each group of a convolution, k running over channel, row and column of the filter; nil when there is no
  /// such tile.
  ///
  /// - Throws: `KernelError.noMemory`.
  public static func groups(
    of problem: ConvolutionProblem, _ parameters: ConvolutionParameters, _ tiles: PixelTileTable, _ blocking: Blocking
  ) throws -> [PixelProduct]? {
    let activation = TileActivation(problem.epilogue.activation)
    let rows = problem.outputChannels / problem.groups
    let depth = problem.filterShape.elementCount / problem.outputChannels
    var products: [PixelProduct] = []
    for group in 0..<problem.groups {
      let bias = parameters.bias.map { Array($0[group * rows..<(group + 1) * rows]) }
      let product = try PixelProduct(
        tiles, blocking: blocking, rows: rows, depth: depth, bias: bias, activation: activation,
        matrix: parameters.filter, from: group * rows * depth)
      guard let product else { return nil }
      products.append(product)
    }
    return products
  }
}
