import Luthier

/// Everything that the package brings.
public enum ExampleKernels {
  /// The kernels; a new one is a file and a line here.
  public static let kernels: [any LayerKernel] = [
    DepthwiseFiveByFive(),
    ReferencePRelu(),
    VectorPRelu(),
  ]

  /// The ONNX operators.
  public static let operators: ONNXOperatorRegistry = {
    var operators = ONNXOperatorRegistry()
    operators.registerPRelu()
    return operators
  }()
}
