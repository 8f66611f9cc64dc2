import FoundationEssentials
import HostPlatform
public import LayerKernels
import SwiftProtobuf

/// Tensors as ONNX's test cases keep them: `input_0.pb` and `output_0.pb` are one TensorProto each.
public enum TensorFile {
  /// Reads a tensor of any type that converts to 32-bit floats.
  ///
  /// - Throws: ``ONNXError``.
  public static func read(_ path: String) throws(ONNXError) -> Tensor { try readTyped(path).asFloats }

  /// Reads a tensor from bytes, as 32-bit floats.
  ///
  /// - Throws: ``ONNXError``.
  public static func read(bytes: [UInt8], name: String) throws(ONNXError) -> Tensor {
    try readTyped(bytes: bytes, name: name).asFloats
  }

  /// Reads a tensor with the elements that the file has.
  ///
  /// - Throws: ``ONNXError``.
  public static func readTyped(_ path: String) throws(ONNXError) -> TypedTensor {
    let file = try MappedFile(path, limit: ONNXModel.maximumFileSize)
    return try readTyped(bytes: Array(file.bytes), name: path)
  }

  /// Reads a tensor from bytes with the elements that they have.
  ///
  /// - Throws: ``ONNXError``.
  public static func readTyped(bytes: [UInt8], name: String) throws(ONNXError) -> TypedTensor {
    if let kind = ForeignFile.kind(of: bytes) { throw .malformed(name: name, reason: kind) }
    let message: Onnx_TensorProto
    do {
      message = try Onnx_TensorProto(serializedBytes: bytes)
    } catch { throw .malformed(name: name, reason: "it is no ONNX tensor, or it is cut short") }
    return try TypedTensor(message)
  }

  /// Writes a tensor; the file appears as a whole or not at all.
  ///
  /// - Throws: ``ONNXError/unwritable(path:reason:)``.
  public static func write(_ tensor: Tensor, named name: String = "", to path: String) throws(ONNXError) {
    try write(TypedTensor(tensor), named: name, to: path)
  }

  /// Writes a tensor with the elements that it has; the file appears as a whole or not at all.
  ///
  /// - Throws: ``ONNXError/unwritable(path:reason:)``.
  public static func write(_ tensor: TypedTensor, named name: String = "", to path: String) throws(ONNXError) {
    try replaceFile(path, with: bytes(of: Onnx_TensorProto(tensor, name: name)))
  }
}

extension Onnx_TensorProto {
  /// A message of 32-bit floats.
  init(_ tensor: Tensor, name: String) { self.init(TypedTensor(tensor), name: name) }

  /// A message of 64-bit integers: shapes, axes, indices.
  init(integers: [Int], name: String) {
    self.init()
    self.name = name
    dims = [Int64(integers.count)]
    dataType = Int32(DataType.int64.rawValue)
    int64Data = integers.map(Int64.init)
  }
}

/// A message as bytes, in the one order that a message of ours has.
func bytes(of message: some Message) throws(ONNXError) -> [UInt8] {
  do {
    return try message.serializedBytes()
  } catch { throw .malformed(name: "the model", reason: "it is too large for the protobuf format (2 GiB)") }
}
