import LayerKernels

extension Tensor {
  /// A matrix with rows and columns exchanged; anything else as it is.
  ///
  /// In squares whose lines fit the first cache: exporters write dense layers transposed, and a network's last one is the
  /// largest of its weights.
  func transposed() -> Tensor {
    guard shape.rank == 2, let turned = try? TensorShape([shape[1], shape[0]]) else { return self }
    var result = Tensor(shape: turned)
    let (rows, columns) = (shape[0], shape[1])
    let side = 16
    withElements { source in
      result.withMutableElements { target in
        for top in stride(from: 0, to: rows, by: side) {
          for left in stride(from: 0, to: columns, by: side) {
            for column in left..<min(left + side, columns) {
              for row in top..<min(top + side, rows) { target[column * rows + row] = source[row * columns + column] }
            }
          }
        }
      }
    }
    return result
  }
}
