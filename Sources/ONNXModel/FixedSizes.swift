extension ONNXModel {
  /// Refuses sizes that were asked for where the model itself fixes others: what is asked for must not be lost, nor the model be made
  /// another.
  ///
  /// Of several inputs those that leave sizes open take what is asked for; the others need not have it.
  func checkAsked(
    batch: Int?, inputSize: (height: Int, width: Int)?, besides named: Set<String>
  ) throws(ONNXError) {
    let inputs = inputs.filter { $0.sizes != nil && !named.contains($0.name) }
    if let batch { try check("batch", [batch], in: inputs.filter { $0.sizes != [] }) { [$0.sizes?.first ?? nil] } }
    if let inputSize {
      try check(
        "rows and columns", [inputSize.height, inputSize.width], in: inputs.filter { $0.spatialAxes != nil }
      ) { port in (port.spatialAxes ?? 0..<0).map { port.sizes?[$0] ?? nil } }
    }
  }

  private func check(
    _ what: String, _ asked: [Int], in inputs: [Port], _ sizes: (Port) -> [Int?]
  ) throws(ONNXError) {
    func text(_ sizes: [Int?]) -> String { sizes.map { $0.map(String.init) ?? "?" }.joined(separator: "x") }
    func fits(_ input: Port) -> Bool { zip(sizes(input), asked).allSatisfy { $0 == nil || $0 == $1 } }
    if inputs.contains(where: { sizes($0).contains(nil) && fits($0) }) { return }
    guard let input = inputs.first(where: { !fits($0) }) else {
      if inputs.isEmpty { throw .fixedSize(input: nil, what: what, fixed: "none", asked: text(asked)) }
      return
    }
    throw .fixedSize(input: input.name, what: what, fixed: text(sizes(input)), asked: text(asked))
  }
}

extension ONNXModel.Port {
  /// The axes of rows and columns of an input that is an image; nil of any other.
  ///
  /// `[N, H, W, C]` is told by a last size that only channels have, where the second is none.
  package var spatialAxes: Range<Int>? {
    guard let sizes, sizes.count == 4 else { return nil }
    func isChannels(_ size: Int?) -> Bool { size.map { [1, 3, 4].contains($0) } ?? false }
    return isChannels(sizes[3]) && !isChannels(sizes[1]) ? 1..<3 : 2..<4
  }
}
