import LayerKernels

/// The window that a node's attributes describe: kernel, strides, dilations, pads, auto_pad.
struct NodeWindow {
  let geometry: WindowGeometry
  let roundsUp: Bool

  /// Reads the attributes of a node over an input `[N, C, H, W]`.
  ///
  /// - Throws: ``ONNXError`` or ``ProblemError``.
  init(_ node: ONNXNode, input: TensorShape, kernel given: [Int]) throws {
    let spatial = input.rank - 2
    guard (1...2).contains(spatial), given.count == spatial else {
      throw node.unsupported("it works on \(spatial) spatial dimensions; layers have 1 or 2")
    }
    /// Two numbers of a list of one or two: lines are images of one row.
    func pair(_ list: [Int]?, _ fallback: Int) throws -> [Int] {
      let list = list ?? [Int](repeating: fallback, count: spatial)
      guard list.count == spatial else {
        throw node.error("strides, dilations or pads have the wrong number of values")
      }
      return spatial == 1 ? [fallback] + list : list
    }
    let kernel = try pair(given, 1)
    let strides = try pair(node.integers("strides"), 1)
    let dilations = try pair(node.integers("dilations"), 1)
    let ends = node.integers("pads") ?? [Int](repeating: 0, count: 2 * spatial)
    guard ends.count == 2 * spatial else {
      throw node.error("strides, dilations or pads have the wrong number of values")
    }
    var pads = try pair(Array(ends[..<spatial]), 0) + pair(Array(ends[spatial...]), 0)
    let sizes = try pair(Array(input.dimensions[2...]), 1)
    let padding = node.text("auto_pad") ?? "NOTSET"
    // Checked before the arithmetic below, which they must not overflow.
    let plain = try WindowGeometry(
      kernel: .init(height: kernel[0], width: kernel[1]), stride: .init(height: strides[0], width: strides[1]),
      dilation: .init(height: dilations[0], width: dilations[1]))
    switch padding {
    case "NOTSET", "": break
    case "VALID": pads = [0, 0, 0, 0]
    case "SAME_UPPER", "SAME_LOWER":
      for axis in 0..<2 {
        let span = (kernel[axis] - 1) * dilations[axis] + 1
        let outputs = (sizes[axis] + strides[axis] - 1) / strides[axis]
        let total = max((outputs - 1) * strides[axis] + span - sizes[axis], 0)
        let less = total / 2
        pads[axis] = padding == "SAME_UPPER" ? less : total - less
        pads[2 + axis] = total - pads[axis]
      }
    default: throw node.error("auto_pad '\(padding)' is unknown")
    }
    geometry = try WindowGeometry(
      kernel: plain.kernel, stride: plain.stride, dilation: plain.dilation,
      pads: .init(top: pads[0], left: pads[1], bottom: pads[2], right: pads[3]))
    roundsUp = node.integer("ceil_mode") == 1
  }

  /// Lines as images of one row; images as they are.
  static func image(
    _ value: ImportedValue, _ node: ONNXNode, _ importer: inout GraphImporter
  ) throws -> ImportedValue {
    let shape = value.shape
    guard shape.rank == 3 else { return value }
    return try importer.move(.reshape, [value], to: [shape[0], shape[1], 1, shape[2]], for: node)
  }

  /// Images of one row as the lines that they were made of.
  static func lines(
    _ value: ImportedValue, rank: Int, _ node: ONNXNode, _ importer: inout GraphImporter
  ) throws -> ImportedValue {
    let shape = value.shape
    guard rank == 3 else { return value }
    return try importer.move(.reshape, [value], to: [shape[0], shape[1], shape[3]], for: node)
  }
}
