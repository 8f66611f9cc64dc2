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
        throw .fixedSize(input: name, what: "shape", fixed: Self.text(sizes), asked: Self.text(shape))
      }
    }
    let others = inputs.filter { shapes[$0.name] == nil && $0.sizes != nil }
    if let batch { try check("batch", [batch], in: others) { ($0.sizes ?? []).indices.prefix(1) } }
    if let inputSize {
      try check("rows and columns", [inputSize.height, inputSize.width], in: others) { $0.spatialAxes ?? 0..<0 }
    }
  }

  /// The sizes of an input, as far as they are known now.
  func sizes(of input: ONNXModel.Port) -> [Int?]? {
    if let shape = shapes[input.name] { return shape }
    guard var sizes = input.sizes else { return nil }
    if !sizes.isEmpty { sizes[0] = sizes[0] ?? batch ?? 1 }
    if let inputSize, let axes = input.spatialAxes {
      for (axis, size) in zip(axes, [inputSize.height, inputSize.width]) {
        sizes[axis] = sizes[axis] ?? size
      }
    }
    return sizes
  }

  private func check(
    _ what: String, _ asked: [Int], in inputs: [ONNXModel.Port], _ axes: (ONNXModel.Port) -> Range<Int>
  ) throws(ONNXError) {
    let inputs = inputs.compactMap { input -> (name: String, sizes: [Int?])? in
      guard let sizes = input.sizes else { return nil }
      let asked = axes(input)
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
