import LayerKernels

/// The window that a node's attributes describe: kernel, strides, dilations, pads, auto_pad.
struct NodeWindow {
  let geometry: WindowGeometry
  let roundsUp: Bool

  /// Reads the attributes of a node over an input `[N, C, H, W]`.
  ///
  /// - Throws: ``ONNXError`` or ``ProblemError``.
  init(_ node: ONNXNode, input: TensorShape, kernel: [Int]) throws {
    guard input.rank == 4, kernel.count == 2 else {
      throw node.unsupported("it works on \(input.rank - 2) spatial dimensions; 2 are supported")
    }
    let strides = node.integers("strides") ?? [1, 1]
    let dilations = node.integers("dilations") ?? [1, 1]
    var pads = node.integers("pads") ?? [0, 0, 0, 0]
    guard strides.count == 2, dilations.count == 2, pads.count == 4 else {
      throw node.error("strides, dilations or pads have the wrong number of values")
    }
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
        let outputs = (input[2 + axis] + strides[axis] - 1) / strides[axis]
        let total = max((outputs - 1) * strides[axis] + span - input[2 + axis], 0)
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
}
