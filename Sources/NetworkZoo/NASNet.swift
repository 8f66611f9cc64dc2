public import Network

/// NASNet-A (4 @ 1056), the mobile one (Zoph et al., "Learning Transferable Architectures for Scalable Image Recognition", CVPR 2018,
/// figure 4 and table 2): the ShuffleNetV2 paper's example of fragmentation, 13 fragments a cell.
///
/// Windows that halve a map have the same padding on both sides here, where the authors' are the wider at the end: the same sizes,
/// parameters and FLOPs.
public struct NASNet: Hashable, Sendable {
  /// Channels of each branch in the first stage's cells: 1056 channels before the classifier by 24.
  public let filters: Int
  /// Normal cells in a stage.
  public let repeats: Int
  /// Classes of the last layer.
  public var classes = 1000

  /// The mobile network unless said otherwise.
  public init(filters: Int = 44, repeats: Int = 4) {
    self.filters = filters
    self.repeats = repeats
  }

  /// The network's layers from an image to scores.
  ///
  /// - Throws: ``ProblemError`` or ``GraphError`` when the input is too small or too large.
  public func build(
    in builder: inout NetworkBuilder, batch: Int = 1, height: Int = 224, width: Int = 224
  ) throws -> Graph {
    let input = try builder.input(batch: batch, height: height, width: width)
    let stem = try builder.batchNormalization(
      builder.convolution(input, outputs: 32, kernel: 3, stride: 2, padding: 0))
    // Each cell sees the results of the two before it; the first has one only, and takes it as it is.
    var previous = stem
    var value = try reductionCell(stem, previous: nil, filters: filters / 4, in: &builder)
    (previous, value) = (value, try reductionCell(value, previous: previous, filters: filters / 2, in: &builder))
    for stage in 0..<3 {
      let count = filters << stage
      if stage > 0 {
        (previous, value) = (value, try reductionCell(value, previous: previous, filters: count, in: &builder))
      }
      for _ in 0..<repeats {
        (previous, value) = (value, try normalCell(value, previous: previous, filters: count, in: &builder))
      }
      builder.endStage(value, stride: 8 << stage)
    }
    return try builder.finish { try $0.pooledScores($0.activation(value), classes: classes) }
  }

  /// Figure 4, left: five sums of two branches, and the fitted earlier input.
  private func normalCell(
    _ value: NetworkBuilder.Value, previous: NetworkBuilder.Value, filters: Int, in builder: inout NetworkBuilder
  ) throws -> NetworkBuilder.Value {
    let earlier = try fitted(previous, to: value, filters: filters, in: &builder)
    let current = try pointwise(value, filters: filters, in: &builder)
    let sums = [
      try builder.add(
        separable(current, filters, kernel: 5, in: &builder), separable(earlier, filters, kernel: 3, in: &builder)),
      try builder.add(
        separable(earlier, filters, kernel: 5, in: &builder), separable(earlier, filters, kernel: 3, in: &builder)),
      try builder.add(builder.pooling(current, .average, kernel: 3, stride: 1), earlier),
      try builder.add(
        builder.pooling(earlier, .average, kernel: 3, stride: 1),
        builder.pooling(earlier, .average, kernel: 3, stride: 1)),
      try builder.add(separable(current, filters, kernel: 3, in: &builder), current),
    ]
    return try builder.concatenate([earlier] + sums)
  }

  /// Figure 4, right: the map is halved, and the first of five sums is used only inside the cell.
  private func reductionCell(
    _ value: NetworkBuilder.Value, previous: NetworkBuilder.Value?, filters: Int, in builder: inout NetworkBuilder
  ) throws -> NetworkBuilder.Value {
    let earlier = try previous.map { try fitted($0, to: value, filters: filters, in: &builder) } ?? value
    let current = try pointwise(value, filters: filters, in: &builder)
    let first = try builder.add(
      separable(current, filters, kernel: 5, stride: 2, in: &builder),
      separable(earlier, filters, kernel: 7, stride: 2, in: &builder))
    let largest = try builder.pooling(current, .maximum, kernel: 3, stride: 2)
    let second = try builder.add(largest, separable(earlier, filters, kernel: 7, stride: 2, in: &builder))
    let third = try builder.add(
      builder.pooling(current, .average, kernel: 3, stride: 2),
      separable(earlier, filters, kernel: 5, stride: 2, in: &builder))
    let fourth = try builder.add(builder.pooling(first, .average, kernel: 3, stride: 1), second)
    let fifth = try builder.add(separable(first, filters, kernel: 3, in: &builder), largest)
    return try builder.concatenate([second, third, fourth, fifth])
  }

  /// ReLU and separable convolution, twice, the stride in the first (appendix A.4).
  private func separable(
    _ value: NetworkBuilder.Value, _ filters: Int, kernel: Int, stride: Int = 1, in builder: inout NetworkBuilder
  ) throws -> NetworkBuilder.Value {
    let first = try builder.separableUnit(builder.activation(value), outputs: filters, kernel: kernel, stride: stride)
    return try builder.separableUnit(builder.activation(first), outputs: filters, kernel: kernel)
  }

  private func pointwise(
    _ value: NetworkBuilder.Value, filters: Int, in builder: inout NetworkBuilder
  ) throws -> NetworkBuilder.Value {
    try builder.convolutionUnit(builder.activation(value), outputs: filters, kernel: 1, activation: .identity)
  }

  /// An earlier cell's result in the channels and the size of this cell: where it is larger, one half of the channels sees its even
  /// rows and columns and the other half the odd ones (the authors' factorised reduction).
  private func fitted(
    _ value: NetworkBuilder.Value, to current: NetworkBuilder.Value, filters: Int, in builder: inout NetworkBuilder
  ) throws -> NetworkBuilder.Value {
    guard builder.shape(of: value)[2] != builder.shape(of: current)[2] else {
      return try pointwise(value, filters: filters, in: &builder)
    }
    let rectified = try builder.activation(value)
    let even = try builder.convolution(rectified, outputs: filters / 2, kernel: 1, stride: 2)
    let odd = try builder.convolution(builder.oddPixels(rectified), outputs: filters - filters / 2, kernel: 1)
    return try builder.batchNormalization(builder.concatenate([even, odd]))
  }
}
