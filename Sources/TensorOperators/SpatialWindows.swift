import LayerKernels

/// Where the windows of a convolution or pooling lie along one spatial axis.
struct SpatialAxis {
  /// One element of the window, and the outputs for which it lies inside the input.
  struct Tap {
    /// The element's position in the window.
    let index: Int
    /// The input that it reads for output 0; negative before the input's start.
    let offset: Int
    /// The outputs for which it reads an element of the input.
    let outputs: Range<Int>
  }

  let input: Int
  let kernel: Int
  let stride: Int
  let dilation: Int
  /// Cells before the input.
  let begin: Int
  /// Cells after the input.
  let end: Int
  let output: Int

  /// The cells from a window's first element to its last.
  var extent: Int { (kernel - 1) * dilation + 1 }

  /// The elements of the window that read any element of the input, in order.
  var taps: [Tap] {
    guard input > 0, output > 0 else { return [] }
    let first = max(0, (begin - (output - 1) * stride).dividedRoundingUp(by: dilation))
    let last = min(kernel - 1, (input - 1 + begin).dividedRoundingDown(by: dilation))
    guard first <= last else { return [] }
    return (first...last).compactMap { index in
      let offset = index * dilation - begin
      let lower = max(0, (-offset).dividedRoundingUp(by: stride))
      let upper = min(output, (input - 1 - offset).dividedRoundingDown(by: stride) + 1)
      return lower < upper ? Tap(index: index, offset: offset, outputs: lower..<upper) : nil
    }
  }

  /// For each output, how many elements of its window lie within the given cells around the input.
  func counts(begin: Int, end: Int) -> [Int] {
    (0..<output).map { position in
      let start = position * stride - self.begin
      let first = max(0, (-begin - start).dividedRoundingUp(by: dilation))
      let last = min(kernel - 1, (input + end - 1 - start).dividedRoundingDown(by: dilation))
      return max(0, last - first + 1)
    }
  }
}

/// Where the windows of a convolution or pooling lie: one axis for each spatial dimension.
struct SpatialWindows {
  let axes: [SpatialAxis]

  /// How many outputs there are along each axis.
  var output: [Int] { axes.map(\.output) }

  /// Reads the attributes that say where windows lie.
  ///
  /// - Parameters:
  ///   - input: the spatial sizes.
  ///   - kernel: the window's sizes, where they follow from the weights; else the attribute `kernel_shape` gives them.
  ///   - isPooling: whether sizes may be rounded up (`ceil_mode`).
  /// - Throws: ``OperatorError`` when the attributes do not fit the input.
  init(input: [Int], kernel: [Int]? = nil, attributes: OperatorAttributes, isPooling: Bool = false) throws {
    let lists = try WindowAttributes(rank: input.count, kernel: kernel, attributes)
    let roundsUp = isPooling && attributes.flag("ceil_mode")
    axes = try input.indices.map { axis in
      let (size, stride) = (input[axis], lists.strides[axis])
      let extent = (lists.kernel[axis] - 1) * lists.dilations[axis] + 1
      var (begin, end) = (lists.pads[axis], lists.pads[axis + input.count])
      if lists.padding != .explicit { (begin, end) = (0, 0) }
      if lists.padding == .sameUpper || lists.padding == .sameLower {
        // As ONNX Runtime does, poolings take no account of dilations; windows narrower than their stride need no padding.
        let covered = isPooling ? lists.kernel[axis] : extent
        let needed = max(0, (max(size.dividedRoundingUp(by: stride), 1) - 1) * stride + covered - size)
        begin = lists.padding == .sameUpper ? needed / 2 : needed - needed / 2
        end = needed - begin
      }
      let room = size + begin + end - extent
      guard room >= 0 || isPooling else {
        throw OperatorError(
          "a window over \(extent) elements does not fit into \(size) and a padding of \(begin) and \(end)")
      }
      // A window that is cut short still counts where strides are long: the quotient is rounded towards zero.
      var output = (roundsUp ? room.dividedRoundingUp(by: stride) : room / stride) + 1
      // The last window has to start within the input or the padding before it.
      if roundsUp, (output - 1) * stride >= size + begin { output -= 1 }
      guard output >= 0 else {
        throw OperatorError(
          "a window over \(extent) elements does not fit into \(size) and a padding of \(begin) and \(end)")
      }
      return SpatialAxis(
        input: size, kernel: lists.kernel[axis], stride: stride, dilation: lists.dilations[axis], begin: begin,
        end: end,
        output: output)
    }
  }
}

/// The lists of attributes that convolutions and poolings of all kinds have.
struct WindowAttributes {
  /// How the padding is found.
  enum Padding {
    case explicit, valid, sameUpper, sameLower
  }

  let kernel: [Int]
  let strides: [Int]
  let dilations: [Int]
  /// All beginnings, then all ends.
  let pads: [Int]
  let padding: Padding

  /// Reads and checks the lists.
  ///
  /// - Throws: ``OperatorError`` when a list is too short or too long, or a number is out of range.
  init(rank: Int, kernel weights: [Int]?, _ attributes: OperatorAttributes) throws {
    func list(_ name: String, count: Int, default fallback: Int, least: Int) throws -> [Int] {
      guard let given = attributes.integers(name), !given.isEmpty else {
        return [Int](repeating: fallback, count: count)
      }
      guard given.count == count else {
        throw OperatorError("\(name) \(given) has \(given.count) numbers; \(rank) spatial dimensions need \(count)")
      }
      guard given.allSatisfy({ (least...TensorShape.maximumElementCount).contains($0) }) else {
        throw OperatorError("\(name) \(given) is out of range")
      }
      return given
    }
    let given = attributes.integers("kernel_shape") ?? []
    if given.isEmpty, let weights {
      kernel = weights
    } else {
      guard given.count == rank else {
        throw OperatorError("kernel_shape \(given) has \(given.count) numbers; there are \(rank) spatial dimensions")
      }
      kernel = given
    }
    guard weights == nil || weights == kernel else {
      throw OperatorError("kernel_shape is \(kernel), but the weights are for \(weights ?? [])")
    }
    guard kernel.allSatisfy({ (1...TensorShape.maximumElementCount).contains($0) }) else {
      throw OperatorError("kernel_shape \(kernel) is out of range")
    }
    strides = try list("strides", count: rank, default: 1, least: 1)
    dilations = try list("dilations", count: rank, default: 1, least: 1)
    pads = try list("pads", count: 2 * rank, default: 0, least: -TensorShape.maximumElementCount)
    switch attributes.text("auto_pad") ?? "NOTSET" {
    case "NOTSET", "": padding = .explicit
    case "VALID": padding = .valid
    case "SAME_UPPER": padding = .sameUpper
    case "SAME_LOWER": padding = .sameLower
    case let other: throw OperatorError("auto_pad '\(other)' is none of NOTSET, VALID, SAME_UPPER and SAME_LOWER")
    }
  }
}

extension Int {
  /// The quotient rounded up; the divisor is positive.
  func dividedRoundingUp(by divisor: Int) -> Int { -(-self).dividedRoundingDown(by: divisor) }

  /// The quotient rounded down; the divisor is positive.
  func dividedRoundingDown(by divisor: Int) -> Int {
    let (quotient, rest) = quotientAndRemainder(dividingBy: divisor)
    return rest < 0 ? quotient - 1 : quotient
  }
}
