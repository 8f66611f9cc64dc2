public import LayerKernels
import TuningDatabase

/// Which weights a graph has, in few characters: choices of kernels whose error depends on the weights hold for these only.
public enum WeightsDigest {
  /// The filter or matrix among a layer's parameters; nil where there is none.
  public static func weights(of parameters: any Sendable) -> Tensor? {
    switch parameters {
    case let parameters as ConvolutionParameters: parameters.filter
    case let parameters as PointwiseDepthwiseParameters: parameters.pointwise.filter
    case let parameters as MatrixMultiplyParameters: parameters.weights
    default: nil
    }
  }
}

extension Graph {
  /// A digest of all layers' filters and matrices, in the order of the nodes.
  public var weightsDigest: String {
    var hash = StableHash()
    for node in nodes {
      guard case .layer(_, let parameters) = node.operation, let weights = WeightsDigest.weights(of: parameters) else {
        continue
      }
      hash.combine(weights.withElements { StableHash.digest(ofWeights: $0) })
    }
    return hash.digest
  }
}
