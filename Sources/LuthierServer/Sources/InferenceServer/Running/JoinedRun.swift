import Luthier

/// Requests of one kind as one run: their rows one after another.
struct JoinedRun {
  private let rows: [Int]
  let inputs: [TypedTensor]

  /// - Throws: ``ShapeError`` where they are too many elements together.
  init(_ runs: [PendingRun]) throws(ShapeError) {
    rows = runs.map(\.rows)
    var joined: [TypedTensor] = []
    for index in runs.first.map({ $0.inputs.indices }) ?? 0..<0 {
      joined.append(try Self.concatenated(runs.map { $0.inputs[index] }, rows: rows.reduce(0, +)))
    }
    inputs = joined
  }

  /// The outputs of each request; nil where an output has not as many rows as the inputs had: then its rows are not theirs.
  func parts(of outputs: [TypedTensor]) -> [[TypedTensor]]? {
    let total = rows.reduce(0, +)
    guard outputs.allSatisfy({ $0.shape.dimensions.first == total }) else { return nil }
    var parts: [[TypedTensor]] = []
    var start = 0
    for count in rows {
      var part: [TypedTensor] = []
      for output in outputs {
        guard let rows = Self.rows(start..<start + count, of: output) else { return nil }
        part.append(rows)
      }
      parts.append(part)
      start += count
    }
    return parts
  }

  private static func concatenated(_ tensors: [TypedTensor], rows: Int) throws(ShapeError) -> TypedTensor {
    guard let first = tensors.first else { return TypedTensor(.u8, shape: try TensorShape([0])) }
    var result = TypedTensor(first.type, shape: try TensorShape([rows] + first.shape.dimensions.dropFirst()))
    result.withMutableBytes { target in
      var offset = 0
      for tensor in tensors {
        tensor.withBytes { source in
          UnsafeMutableRawBufferPointer(rebasing: target[offset..<offset + source.count]).copyMemory(from: source)
          offset += source.count
        }
      }
    }
    return result
  }

  private static func rows(_ range: Range<Int>, of tensor: TypedTensor) -> TypedTensor? {
    guard let shape = try? TensorShape([range.count] + tensor.shape.dimensions.dropFirst()) else { return nil }
    let width = shape.elementCount / range.count * tensor.type.byteCount
    return tensor.withBytes { bytes in
      let part = UnsafeRawBufferPointer(rebasing: bytes[range.lowerBound * width..<range.upperBound * width])
      return try? TypedTensor(tensor.type, shape: shape, bytes: part)
    }
  }
}
