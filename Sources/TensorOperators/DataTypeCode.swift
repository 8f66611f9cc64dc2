import LayerKernels

/// Element types that attributes name by ONNX's numbers where they are given at all.
enum DataTypeCode {
  /// The type that an attribute names, or one that holds where it is not given.
  static func type(
    _ name: String, of attributes: OperatorAttributes, orElse type: ElementType
  ) throws(OperatorError) -> ElementType {
    guard let code = attributes.integer(name) else { return type }
    guard let named = ElementType(onnxNumber: code) else {
      throw OperatorError("\(name) \(code) is no data type that is supported")
    }
    return named
  }
}
