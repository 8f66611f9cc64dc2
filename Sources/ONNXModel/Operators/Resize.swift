import LayerKernels

extension ONNXOperatorRegistry {
  mutating func registerResize() {
    register("Resize") { node, importer in
      // Opset 10 has (X, scales); later ones (X, roi, scales, sizes).
      let scales = try importer.constant(node.opset < 11 ? 1 : 2, of: node).flatMap {
        $0.shape.elementCount == 0 ? nil : $0.floatElements
      }
      let sizes = node.opset < 11 ? nil : try importer.constant(3, of: node)?.integers
      let coordinates = node.text("coordinate_transformation_mode") ?? (node.opset < 11 ? "asymmetric" : "half_pixel")
      return [
        try Self.resize(
          node, &importer, scales: scales, sizes: sizes, mode: node.text("mode") ?? "nearest", coordinates: coordinates,
          nearest: node.text("nearest_mode") ?? (node.opset < 11 ? "floor" : "round_prefer_floor"))
      ]
    }
    register("Upsample") { node, importer in
      let scales = try node.floats("scales") ?? importer.constant(1, of: node)?.floatElements
      return [
        try Self.resize(
          node, &importer, scales: scales, sizes: nil, mode: node.text("mode") ?? "nearest", coordinates: "asymmetric",
          nearest: "floor")
      ]
    }
  }

  private static func resize(
    _ node: ONNXNode, _ importer: inout GraphImporter, scales: [Float]?, sizes: [Int]?, mode: String,
    coordinates: String, nearest: String
  ) throws -> ImportedValue {
    let input = try importer.required(0, of: node)
    let shape = input.shape
    guard shape.rank == 4 else { throw node.unsupported("its input has \(shape.rank) dimensions; 4 are supported") }
    guard node.integer("antialias") ?? 0 == 0 else { throw node.unsupported("antialias is not supported") }
    guard (node.text("keep_aspect_ratio_policy") ?? "stretch") == "stretch" else {
      throw node.unsupported("only the stretch policy is supported")
    }
    guard node.integer("exclude_outside") ?? 0 == 0 else { throw node.unsupported("exclude_outside is not supported") }
    let transforms: [String: ResizeProblem.CoordinateTransform] = [
      "half_pixel": .halfPixel, "pytorch_half_pixel": .pyTorchHalfPixel, "align_corners": .alignCorners,
      "asymmetric": .asymmetric, "half_pixel_symmetric": .halfPixelSymmetric,
      "tf_half_pixel_for_nn": .tensorFlowHalfPixel,
    ]
    guard let transform = transforms[coordinates] else {
      throw node.unsupported("coordinate transformation '\(coordinates)' is not supported")
    }
    let nearestModes: [String: ResizeProblem.Interpolation] = [
      "round_prefer_floor": .nearestPreferFloor, "round_prefer_ceil": .nearestPreferCeiling, "floor": .floor,
      "ceil": .ceiling,
    ]
    let interpolation: ResizeProblem.Interpolation
    switch mode {
    case "nearest":
      guard let found = nearestModes[nearest] else { throw node.unsupported("nearest mode '\(nearest)' is unknown") }
      interpolation = found
    case "linear", "bilinear": interpolation = .linear
    default: throw node.unsupported("interpolation '\(mode)' is not supported")
    }
    // Since opset 18 scales and sizes may be of some axes only.
    var axes: [Int] = []
    for axis in node.integers("axes") ?? [0, 1, 2, 3] { axes.append(try node.axis(axis, rank: 4)) }
    var whole: [Float] = [1, 1, 1, 1]
    var outputs = shape.dimensions
    if let sizes, !sizes.isEmpty {
      guard sizes.count == axes.count else { throw node.error("sizes \(sizes) for axes \(axes)") }
      for (axis, size) in zip(axes, sizes) {
        outputs[axis] = size
        whole[axis] = Float(size) / Float(max(shape[axis], 1))
      }
    } else if let scales {
      guard scales.count == axes.count, scales.allSatisfy({ $0.isFinite && $0 > 0 && $0 < 65_536 }) else {
        throw node.error("scales \(scales) for axes \(axes)")
      }
      for (axis, scale) in zip(axes, scales) {
        whole[axis] = scale
        outputs[axis] = Int((Float(shape[axis]) * scale).rounded(.down))
      }
    } else {
      throw node.error("it has neither scales nor sizes")
    }
    guard outputs[0] == shape[0], outputs[1] == shape[1] else {
      throw node.unsupported("it resizes pictures or channels; only rows and columns are supported")
    }
    let problem = try ResizeProblem(
      input: shape, outputHeight: outputs[2], outputWidth: outputs[3], scale: (whole[2], whole[3]),
      interpolation: interpolation, coordinates: transform)
    return try importer.add(problem, [input], for: node)
  }
}
