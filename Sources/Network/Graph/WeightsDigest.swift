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

  /// A digest of all of a layer's parameters: filters, biases, and whatever those of another package hold.
  public static func digest(of parameters: any Sendable) -> String {
    var hash = StableHash()
    combine(parameters, into: &hash)
    return hash.digest
  }

  fileprivate static func combine(_ value: Any, into hash: inout StableHash) {
    switch value {
    case let tensor as Tensor:
      for size in tensor.shape.dimensions { hash.combine(UInt64(size)) }
      tensor.withElements { hash.combine($0) }
    case let numbers as [Float]: hash.combine(numbers)
    case let number as Float: hash.combine(UInt64(number.bitPattern))
    case let number as Double: hash.combine(number.bitPattern)
    case let number as any FixedWidthInteger: hash.combine(UInt64(truncatingIfNeeded: number))
    case let text as String: hash.combine(text)
    default:
      // A structure of parts, an optional, a list, or a case with or without a value.
      let mirror = Mirror(reflecting: value)
      if mirror.children.isEmpty { return hash.combine("\(value)") }
      for child in mirror.children {
        hash.combine(child.label ?? "")
        combine(child.value, into: &hash)
      }
    }
  }
}

extension Graph {
  /// A digest of all layers' parameters and all constants that they read, in the order of the nodes.
  public var weightsDigest: String {
    var hash = StableHash()
    for node in nodes {
      for input in node.inputs {
        if let constant = self[input].constant { WeightsDigest.combine(constant, into: &hash) }
      }
      if case .layer(_, let parameters) = node.operation { hash.combine(WeightsDigest.digest(of: parameters)) }
    }
    return hash.digest
  }
}
