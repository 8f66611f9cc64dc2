import FoundationEssentials
import SwiftProtobuf

extension Onnx_ModelProto {
  /// Pads the documentation of initializers with spaces until the data of the next begins at a multiple of four bytes in the
  /// file, so that whoever maps it can read the weights where they lie.
  ///
  /// Fields stand in the order of their numbers: within TensorProto `raw_data` is 9 and `doc_string` 12, within GraphProto
  /// only `node` and `name` stand before `initializer`, and within ModelProto only `opset_import` after `graph`.
  ///
  /// - Throws: ``ONNXError`` when the model is too large for the format.
  mutating func alignWeights() throws(ONNXError) {
    let alignment = MemoryLayout<Float>.alignment
    var head = self
    head.clearGraph()
    head.opsetImport = []
    var names = Onnx_GraphProto()
    names.node = graph.node
    names.name = graph.name
    var rest = graph
    rest.initializer = []
    var tensors = try graph.initializer.map { (tensor) throws(ONNXError) in try TensorSize(tensor) }
    // The length of the graph stands before all of it, and padding may lengthen it by a byte: hence twice.
    for _ in 0..<2 {
      let graphCount = try bytes(of: rest).count + tensors.reduce(0) { $0 + $1.fieldCount }
      var position = try bytes(of: head).count + 1 + variableCount(graphCount) + bytes(of: names).count
      for index in tensors.indices.dropLast() {
        let next = tensors[index + 1]
        // A text of n bytes takes n + 2; -2 stands for none.
        for padding in [-2] + Array(0..<2 * alignment) {
          tensors[index].padding = padding + 2
          if (position + tensors[index].fieldCount + next.dataOffset) % alignment == 0 { break }
        }
        position += tensors[index].fieldCount
      }
    }
    for (index, tensor) in tensors.enumerated() where tensor.padding > 0 {
      graph.initializer[index].docString = String(repeating: " ", count: tensor.padding - 2)
    }
  }
}

/// How many bytes an initializer takes in a file.
private struct TensorSize {
  /// The fields before the data, and the data's tag and length.
  private let headCount: Int
  private let dataCount: Int
  /// The bytes of the documentation, with its tag and length; 0 for none.
  var padding = 0

  init(_ tensor: Onnx_TensorProto) throws(ONNXError) {
    var head = tensor
    head.clearRawData()
    head.clearDocString()
    dataCount = tensor.rawData.count
    headCount = try bytes(of: head).count + (tensor.hasRawData ? 1 + variableCount(dataCount) : 0)
  }

  private var count: Int { headCount + dataCount + padding }
  /// From the beginning of the field to the data.
  var dataOffset: Int { 1 + variableCount(count) + headCount }
  var fieldCount: Int { 1 + variableCount(count) + count }
}

/// The bytes of a number in the wire format: seven bits each.
private func variableCount(_ number: Int) -> Int {
  let bits = UInt64(number).bitWidth - UInt64(number).leadingZeroBitCount
  return max((bits + 6) / 7, 1)
}
