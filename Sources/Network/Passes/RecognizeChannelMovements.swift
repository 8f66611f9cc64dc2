import LayerKernels

extension GraphPass {
  /// Finds chains of reshapes, transposes and gathers that together only choose and permute channels, and writes each as
  /// one gather along the channel axis.
  ///
  /// Exporters write ShuffleNet's channel shuffle as Reshape, Transpose, Reshape, and its fusion with the split as a
  /// reshape over batch and channels followed by a Gather. Instead of listing such patterns, the pass follows the index of
  /// every plane through the chain: as long as the rows and columns of a plane stay together at the end of the shape, the
  /// chain is a list of planes.
  public static let recognizeChannelMovements = GraphPass("recognize-channel-movements") { graph in
    var rewriter = try GraphRewriter(graph)
    var tracks: [ValueID: PlaneTrack] = [:]
    for node in graph.nodes {
      guard case .movement(let movement) = node.operation, node.inputs.count == 1 else {
        try rewriter.copy(node)
        continue
      }
      let input = node.inputs[0]
      let shape = graph[node.output].shape
      let start = tracks[input] ?? PlaneTrack(source: input, shape: graph[input].shape)
      guard let track = start?.following(movement, to: shape) else {
        try rewriter.copy(node)
        continue
      }
      tracks[node.output] = track
      if let indices = track.channels(of: shape, from: graph[track.source].shape), tracks[input] != nil {
        try rewriter.emit(
          node.name, .gather(axis: 1, indices: indices), inputs: [try rewriter.place(track.source)], for: node.output)
      } else {
        try rewriter.copy(node)
      }
    }
    return try rewriter.finish()
  }
}

/// Which plane of a source value each position of a value's leading axes holds.
private struct PlaneTrack {
  let source: ValueID
  let planeSize: Int
  let planes: [Int]
  /// The sizes of the leading axes, whose product is the number of planes.
  let leading: [Int]

  init?(source: ValueID, shape: TensorShape) {
    guard shape.rank == 4, shape.elementCount > 0 else { return nil }
    self.init(
      source: source, planeSize: shape[2] * shape[3], planes: Array(0..<(shape[0] * shape[1])),
      leading: [shape[0], shape[1]])
  }

  private init(source: ValueID, planeSize: Int, planes: [Int], leading: [Int]) {
    self.source = source
    self.planeSize = planeSize
    self.planes = planes
    self.leading = leading
  }

  func following(_ movement: Movement, to shape: TensorShape) -> PlaneTrack? {
    switch movement {
    case .reshape:
      var count = 1
      var axes = 0
      while axes < shape.rank, count < planes.count {
        count *= shape[axes]
        axes += 1
      }
      // Axes of size one after the planes may belong to either side; a plane's own rows and columns end the shape.
      while axes < shape.rank - 2, shape[axes] == 1 { axes += 1 }
      guard count == planes.count else { return nil }
      return with(planes: planes, leading: Array(shape.dimensions[..<axes]))
    case .transpose(let permutation):
      let axes = leading.count
      guard permutation[axes...].elementsEqual(axes..<permutation.count) else { return nil }
      let order = permutation[..<axes]
      let strides = Self.strides(leading)
      let sizes = order.map { leading[$0] }
      let moved = Self.positions(sizes: sizes, strides: order.map { strides[$0] })
      return with(planes: moved.map { planes[$0] }, leading: sizes)
    case .gather(let axis, let indices):
      guard axis < leading.count else { return nil }
      var sizes = leading
      sizes[axis] = indices.count
      let strides = Self.strides(leading)
      let chosen = Self.positions(sizes: sizes, strides: strides, axis: axis, indices: indices)
      return with(planes: chosen.map { planes[$0] }, leading: sizes)
    case .concatenate, .pad, .expand: return nil
    }
  }

  /// The channel of the source that each channel holds, if the value is `[N, C', H, W]` with every image's planes at
  /// home and alike.
  func channels(of shape: TensorShape, from source: TensorShape) -> [Int]? {
    guard shape.rank == 4, shape[0] == source[0], shape[2] == source[2], shape[3] == source[3],
      planes.count == shape[0] * shape[1], shape[1] > 0
    else { return nil }
    let channels = shape[1]
    let first = Array(planes[..<channels])
    guard first.allSatisfy({ $0 < source[1] }) else { return nil }
    for picture in 0..<shape[0] {
      for channel in 0..<channels where planes[picture * channels + channel] != first[channel] + picture * source[1] {
        return nil
      }
    }
    return first
  }

  private func with(planes: [Int], leading: [Int]) -> PlaneTrack {
    PlaneTrack(source: source, planeSize: planeSize, planes: planes, leading: leading)
  }

  private static func strides(_ sizes: [Int]) -> [Int] {
    var strides = [Int](repeating: 1, count: sizes.count)
    for axis in sizes.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * sizes[axis + 1] }
    return strides
  }

  /// The offset of every position of a box in row-major order; along `axis` the positions are `indices`.
  private static func positions(sizes: [Int], strides: [Int], axis: Int? = nil, indices: [Int] = []) -> [Int] {
    var offsets = [0]
    for current in sizes.indices {
      let steps = current == axis ? indices : Array(0..<sizes[current])
      offsets = offsets.flatMap { offset in steps.map { offset + $0 * strides[current] } }
    }
    return offsets
  }
}
