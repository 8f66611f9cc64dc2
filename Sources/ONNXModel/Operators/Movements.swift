import LayerKernels
import Network

extension ONNXOperatorRegistry {
  mutating func registerMovements() {
    registerShapes()
    registerBlocks()
    registerSelections()
    registerPadding()
  }

  private mutating func registerShapes() {
    register("Reshape") { node, importer in
      let input = try importer.required(0, of: node)
      guard let asked = try node.integers("shape") ?? importer.constant(1, of: node)?.integers else {
        throw node.error("it has no shape")
      }
      let keepsZero = node.integer("allowzero") ?? 0 != 0
      var sizes: [Int] = []
      for (axis, size) in asked.enumerated() {
        guard size == 0, !keepsZero else {
          sizes.append(size)
          continue
        }
        guard axis < input.shape.rank else { throw node.error("size 0 at axis \(axis) copies from \(input.shape)") }
        sizes.append(input.shape[axis])
      }
      if let open = sizes.firstIndex(of: -1) {
        sizes[open] = 1
        let rest = try TensorShape(sizes).elementCount
        guard rest > 0, input.shape.elementCount % rest == 0 else {
          throw node.error("\(input.shape) cannot be reshaped to \(asked)")
        }
        sizes[open] = input.shape.elementCount / rest
      }
      return [try importer.move(.reshape, [input], to: sizes, for: node)]
    }
    register("Flatten") { node, importer in
      let input = try importer.required(0, of: node)
      let given = node.integer("axis") ?? 1
      let axis = given == input.shape.rank ? given : try node.axis(given, rank: input.shape.rank)
      let outer = input.shape.dimensions[..<axis].reduce(1, *)
      let inner = input.shape.dimensions[axis...].reduce(1, *)
      return [try importer.move(.reshape, [input], to: [outer, inner], for: node)]
    }
    register("Squeeze") { node, importer in
      let input = try importer.required(0, of: node)
      let given = try node.integers("axes") ?? importer.constant(1, of: node)?.integers
      var axes: [Int] = []
      for axis in given ?? [] { axes.append(try node.axis(axis, rank: input.shape.rank)) }
      let removed = given == nil ? input.shape.dimensions.indices.filter { input.shape[$0] == 1 } : axes
      guard removed.allSatisfy({ input.shape[$0] == 1 }) else {
        throw node.error("axes \(removed) of \(input.shape) are not all of size 1")
      }
      let sizes = input.shape.dimensions.indices.filter { !removed.contains($0) }.map { input.shape[$0] }
      return [try importer.move(.reshape, [input], to: sizes, for: node)]
    }
    register("Unsqueeze") { node, importer in
      let input = try importer.required(0, of: node)
      guard let given = try node.integers("axes") ?? importer.constant(1, of: node)?.integers else {
        throw node.error("it has no axes")
      }
      let rank = input.shape.rank + given.count
      var axes: Set<Int> = []
      for axis in given { axes.insert(try node.axis(axis, rank: rank)) }
      guard axes.count == given.count else { throw node.error("axes \(given) name one twice") }
      var rest = input.shape.dimensions[...]
      let sizes = (0..<rank).map { axes.contains($0) ? 1 : rest.removeFirst() }
      return [try importer.move(.reshape, [input], to: sizes, for: node)]
    }
    register("Transpose") { node, importer in
      let input = try importer.required(0, of: node)
      let permutation = node.integers("perm") ?? Array((0..<input.shape.rank).reversed())
      return [try importer.move(.transpose(permutation: permutation), [input], for: node)]
    }
    register("Expand") { node, importer in
      let input = try importer.required(0, of: node)
      guard let sizes = try importer.constant(1, of: node) else { throw node.error("it has no shape") }
      let shape = try ElementwiseProblem.broadcast(input.shape, TensorShape(sizes.integers))
      return [try importer.move(.expand, [input], to: shape.dimensions, for: node)]
    }
  }

  /// Blocks of positions as channels, and back.
  private mutating func registerBlocks() {
    register("DepthToSpace") { node, importer in
      let input = try importer.required(0, of: node)
      let shape = input.shape
      let block = node.integer("blocksize") ?? 0
      guard shape.rank == 4, (1..<65_536).contains(block), shape[1] % (block * block) == 0 else {
        throw node.error("\(shape) has no blocks of \(block) times \(block) channels")
      }
      let channels = shape[1] / (block * block)
      let isColumnFirst = (node.text("mode") ?? "DCR") == "CRD"
      let parts = isColumnFirst ? [channels, block, block] : [block, block, channels]
      let split = try importer.move(.reshape, [input], to: [shape[0]] + parts + [shape[2], shape[3]], for: node)
      let turned = try importer.move(
        .transpose(permutation: isColumnFirst ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2]), [split], for: node)
      return [
        try importer.move(
          .reshape, [turned], to: [shape[0], channels, shape[2] * block, shape[3] * block], for: node)
      ]
    }
    register("SpaceToDepth") { node, importer in
      let input = try importer.required(0, of: node)
      let shape = input.shape
      let block = node.integer("blocksize") ?? 0
      guard shape.rank == 4, (1..<65_536).contains(block), shape[2] % block == 0, shape[3] % block == 0 else {
        throw node.error("\(shape) has no blocks of \(block) times \(block) positions")
      }
      let (rows, columns) = (shape[2] / block, shape[3] / block)
      let split = try importer.move(
        .reshape, [input], to: [shape[0], shape[1], rows, block, columns, block], for: node)
      let isColumnFirst = (node.text("mode") ?? "DCR") == "CRD"
      let turned = try importer.move(
        .transpose(permutation: isColumnFirst ? [0, 1, 3, 5, 2, 4] : [0, 3, 5, 1, 2, 4]), [split], for: node)
      return [
        try importer.move(.reshape, [turned], to: [shape[0], shape[1] * block * block, rows, columns], for: node)
      ]
    }
  }

  private mutating func registerSelections() {
    register("Concat") { node, importer in
      var inputs: [ImportedValue] = []
      for index in node.inputs.indices { inputs.append(try importer.required(index, of: node)) }
      guard let first = inputs.first else { throw node.error("it has no inputs") }
      let axis = try node.axis(node.integer("axis") ?? 1, rank: first.shape.rank)
      return [try importer.move(.concatenate(axis: axis), inputs, for: node)]
    }
    register("Split") { node, importer in
      let input = try importer.required(0, of: node)
      let axis = try node.axis(node.integer("axis") ?? 0, rank: input.shape.rank)
      let count = node.integer("num_outputs") ?? node.outputs.count
      guard (1...65_536).contains(count) else { throw node.error("it splits into \(count) parts") }
      try importer.reserve(input.shape[axis], for: node)
      let even = (input.shape[axis] + count - 1) / count
      let sizes =
        try node.integers("split") ?? importer.constant(1, of: node)?.integers
        ?? (0..<count).map { min(even, max(input.shape[axis] - $0 * even, 0)) }
      guard sizes.allSatisfy({ $0 >= 0 && $0 <= input.shape[axis] }), sizes.reduce(0, +) == input.shape[axis] else {
        throw node.error("parts \(sizes) do not make up \(input.shape[axis])")
      }
      var start = 0
      var parts: [ImportedValue] = []
      // Parts that nobody names are not made: a number in a file may ask for any count of them.
      for (index, size) in sizes.prefix(node.outputs.count).enumerated() {
        parts.append(
          try importer.move(
            .gather(axis: axis, indices: Array(start..<(start + size))), [input], for: node.makingOnly(output: index)))
        start += size
      }
      return parts
    }
    register("Slice") { node, importer in
      var value = try importer.required(0, of: node)
      let rank = value.shape.rank
      func list(_ attribute: String, _ index: Int) throws -> [Int]? {
        try node.integers(attribute) ?? importer.constant(index, of: node)?.integers
      }
      guard let starts = try list("starts", 1), let ends = try list("ends", 2), starts.count == ends.count else {
        throw node.error("its starts and ends do not match")
      }
      let axes = try list("axes", 3) ?? Array(starts.indices)
      let steps = try importer.constant(4, of: node)?.integers ?? Array(repeating: 1, count: starts.count)
      guard axes.count == starts.count, steps.count == starts.count else {
        throw node.error("its axes or steps do not match its starts")
      }
      for (position, given) in axes.enumerated() {
        let axis = try node.axis(given, rank: rank)
        let size = value.shape[axis]
        let step = steps[position]
        guard step != 0, step != .min else { throw node.error("a step of \(step)") }
        try importer.reserve(size, for: node)
        // Values far outside mean 'to the end'; they are clamped before anything is added to them.
        func clamped(_ bound: Int, _ range: ClosedRange<Int>) -> Int {
          min(max(bound < 0 ? max(bound, -size - 1) + size : bound, range.lowerBound), range.upperBound)
        }
        let range = step > 0 ? 0...size : -1...max(size - 1, -1)
        // Backwards, a start before the first element is the first: unlike NumPy, the standard clamps it into the axis.
        let first = step > 0 ? range : 0...max(size - 1, 0)
        // Exporters write the largest number for 'all of it' backwards, too, and ONNX Runtime takes it so.
        let isEndless = step < 0 && (ends[position] == .max || ends[position] == Int(Int32.max))
        let end = isEndless ? -1 : clamped(ends[position], range)
        let indices = Array(stride(from: clamped(starts[position], first), to: end, by: step))
          .filter { (0..<size).contains($0) }
        value = try importer.move(.gather(axis: axis, indices: indices), [value], for: node)
      }
      return [value]
    }
    register("Gather") { node, importer in
      let input = try importer.required(0, of: node)
      guard let indices = try importer.constant(1, of: node) else { throw node.error("it has no indices") }
      let axis = try node.axis(node.integer("axis") ?? 0, rank: input.shape.rank)
      let size = input.shape[axis]
      try importer.reserve(indices.shape.elementCount, for: node)
      var positions: [Int] = []
      for index in indices.integers {
        guard (-size..<max(size, 1)).contains(index) else { throw node.error("index \(index) of \(size)") }
        positions.append(index < 0 ? index + size : index)
      }
      let picked = try importer.move(.gather(axis: axis, indices: positions), [input], for: node)
      var sizes = input.shape.dimensions
      sizes.replaceSubrange(axis...axis, with: indices.shape.dimensions)
      if sizes == picked.shape.dimensions { return [picked] }
      return [try importer.move(.reshape, [picked], to: sizes, for: node)]
    }
  }

  private mutating func registerPadding() {
    register("Pad") { node, importer in
      var value = try importer.required(0, of: node)
      let rank = value.shape.rank
      guard
        let given = try node.integers("pads") ?? node.integers("paddings") ?? importer.constant(1, of: node)?.integers
      else { throw node.error("it has no pads") }
      let axes = try importer.constant(3, of: node)?.integers ?? Array(0..<rank)
      guard given.count == 2 * axes.count else { throw node.error("\(given.count) pads for \(axes.count) axes") }
      var before = [Int](repeating: 0, count: rank)
      var after = before
      for (position, axis) in axes.enumerated() {
        let axis = try node.axis(axis, rank: rank)
        (before[axis], after[axis]) = (given[position], given[position + axes.count])
      }
      let bound = TensorShape.maximumElementCount
      guard (before + after).allSatisfy({ (-bound...bound).contains($0) }) else { throw node.error("pads \(given)") }
      // Negative pads crop first.
      for axis in 0..<rank where before[axis] < 0 || after[axis] < 0 {
        try importer.reserve(value.shape[axis], for: node)
        let start = max(-before[axis], 0)
        let end = value.shape[axis] - max(-after[axis], 0)
        guard start <= end else { throw node.error("pads \(given) crop more than \(value.shape) has") }
        value = try importer.move(.gather(axis: axis, indices: Array(start..<end)), [value], for: node)
      }
      before = before.map { max($0, 0) }
      after = after.map { max($0, 0) }
      let mode = node.text("mode") ?? "constant"
      switch mode {
      case "constant":
        let number = try node.float("value") ?? importer.constant(2, of: node)?.floatElements.first ?? 0
        return [try importer.move(.pad(before: before, after: after, value: number), [value], for: node)]
      case "reflect", "edge", "wrap":
        for axis in 0..<rank where before[axis] + after[axis] > 0 {
          let size = value.shape[axis]
          guard size > 0, mode != "reflect" || size > 1 else {
            throw node.error("\(value.shape) has nothing to repeat")
          }
          try importer.reserve(before[axis] + size + after[axis], for: node)
          let indices = (-before[axis]..<(size + after[axis])).map { position in
            switch mode {
            case "edge": return min(max(position, 0), size - 1)
            case "wrap": return (position % size + size) % size
            default:
              let period = 2 * (size - 1)
              let folded = (position % period + period) % period
              return folded < size ? folded : period - folded
            }
          }
          value = try importer.move(.gather(axis: axis, indices: indices), [value], for: node)
        }
        return [value]
      default: throw node.unsupported("pad mode '\(mode)' is unknown")
      }
    }
  }
}
