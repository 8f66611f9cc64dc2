import LayerKernels
import TensorOperators

/// Sizes that a caller asks for beside those that a model fixes.
struct AskedSizes {
  let batch: Int?
  let inputSize: (height: Int, width: Int)?
  let shapes: [String: [Int]]

  /// Refuses sizes that were asked for where the model itself fixes others: what is asked for must not be lost, nor the model be
  /// made another.
  ///
  /// Of several inputs those that leave sizes open take what is asked for; the others need not have it.
  func check(against inputs: [ONNXModel.Port]) throws(ONNXError) {
    for (name, shape) in shapes.sorted(by: { $0.key < $1.key }) {
      guard let input = inputs.first(where: { $0.name == name }) else {
        throw .unknownInput(name: name, known: inputs.map(\.name))
      }
      guard let sizes = input.sizes else { continue }
      let fits = sizes.count == shape.count && zip(sizes, shape).allSatisfy { $0 == nil || $0 == $1 }
      guard fits else {
        throw .fixedSize(input: name, what: "the shape", fixed: Self.text(sizes), asked: Self.text(shape))
      }
    }
    let others = inputs.filter { shapes[$0.name] == nil && $0.sizes != nil }
    if let batch { try check("the batch", [batch], in: others) { $0.indices.prefix(1) } }
    if let inputSize {
      try check("rows and columns", [inputSize.height, inputSize.width], in: others) { Self.pictureAxes(of: $0) }
    }
  }

  /// The sizes of an input, as far as they are known now.
  func sizes(of input: ONNXModel.Port) -> [Int?]? {
    if let shape = shapes[input.name] { return shape }
    guard var sizes = input.sizes else { return nil }
    if !sizes.isEmpty { sizes[0] = sizes[0] ?? batch ?? 1 }
    if let inputSize {
      for (axis, size) in zip(Self.pictureAxes(of: sizes), [inputSize.height, inputSize.width]) {
        sizes[axis] = sizes[axis] ?? size
      }
    }
    return sizes
  }

  /// Where a picture's rows and columns are: last, or before the channels of a pixel where those are last. None where it is no picture.
  private static func pictureAxes(of sizes: [Int?]) -> Range<Int> {
    guard sizes.count == 4 else { return 0..<0 }
    let isInterleaved = sizes[1] != 3 && sizes[1] != 1 && (sizes[3] == 3 || sizes[3] == 1)
    return isInterleaved ? 1..<3 : 2..<4
  }

  private func check(
    _ what: String, _ asked: [Int], in inputs: [ONNXModel.Port], _ axes: ([Int?]) -> Range<Int>
  ) throws(ONNXError) {
    let inputs = inputs.compactMap { input -> (name: String, sizes: [Int?])? in
      guard let sizes = input.sizes else { return nil }
      let asked = axes(sizes)
      return asked.isEmpty ? nil : (input.name, Array(sizes[asked]))
    }
    func fits(_ sizes: [Int?]) -> Bool { zip(sizes, asked).allSatisfy { $0 == nil || $0 == $1 } }
    if inputs.contains(where: { $0.sizes.contains(nil) && fits($0.sizes) }) { return }
    guard let input = inputs.first(where: { !fits($0.sizes) }) else {
      if inputs.isEmpty { throw .fixedSize(input: nil, what: what, fixed: "none", asked: Self.text(asked)) }
      return
    }
    throw .fixedSize(input: input.name, what: what, fixed: Self.text(input.sizes), asked: Self.text(asked))
  }

  static func text(_ sizes: [Int?]) -> String {
    sizes.isEmpty ? "scalar" : sizes.map { $0.map(String.init) ?? "?" }.joined(separator: "x")
  }
}
