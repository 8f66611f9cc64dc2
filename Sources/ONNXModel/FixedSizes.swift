extension ONNXModel {
  /// Refuses sizes that were asked for where the model itself fixes others: what is asked for must not be lost, nor the model be made
  /// another.
  ///
  /// Of several inputs those that leave sizes open take what is asked for; the others need not have it.
  func checkAsked(
    batch: Int?, inputSize: (height: Int, width: Int)?, besides named: Set<String>
  ) throws(ONNXError) {
    let inputs = inputs.filter { $0.isFloat && !named.contains($0.name) }
    if let batch { try check("batch", [batch], in: inputs.filter { !$0.sizes.isEmpty }) { Array($0.sizes.prefix(1)) } }
    if let inputSize {
      try check("rows and columns", [inputSize.height, inputSize.width], in: inputs.filter { $0.sizes.count == 4 }) {
        Array($0.sizes.dropFirst(2))
      }
    }
  }

  private func check(
    _ what: String, _ asked: [Int], in inputs: [Input], _ sizes: (Input) -> [Int?]
  ) throws(ONNXError) {
    func text(_ sizes: [Int?]) -> String { sizes.map { $0.map(String.init) ?? "?" }.joined(separator: "x") }
    func fits(_ input: Input) -> Bool { zip(sizes(input), asked).allSatisfy { $0 == nil || $0 == $1 } }
    if inputs.contains(where: { sizes($0).contains(nil) && fits($0) }) { return }
    guard let input = inputs.first(where: { !fits($0) }) else {
      if inputs.isEmpty { throw .fixedSize(input: nil, what: what, fixed: "none", asked: text(asked)) }
      return
    }
    throw .fixedSize(input: input.name, what: what, fixed: text(sizes(input)), asked: text(asked))
  }
}
