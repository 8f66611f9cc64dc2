import LayerKernels

/// `Resize` and its forerunner `Upsample`: tensors stretched along their axes.
extension TensorOperatorRegistry {
  mutating func registerResizing() {
    for name in ["Resize", "Upsample"] {
      register(name, types: TypeRules.planned { [try Resizing($0, isUpsample: name == "Upsample").type] }) { call in
        let plan = try Resizing(call.known, isUpsample: name == "Upsample")
        return [try plan.applied(to: call.required(0))]
      }
    }
  }
}

/// What an axis of the output is made of: for each position, elements of the input and their weights.
struct ResizedAxis {
  let axis: Int
  let count: Int
  /// As many entries for each position; positions of the input.
  var places: [Int]
  var weights: [Float]
  /// Elements a position is made of.
  var taps: Int
  /// Positions that lie outside and have a value of their own.
  var outside: [Bool]
}

/// One use of `Resize`: sizes, scales and how positions correspond.
struct Resizing {
  enum Mode { case nearest, linear, cubic }

  let type: TensorType
  private let input: TensorShape
  private let mode: Mode
  private let isFirstVersion: Bool
  private let nearest: String
  private let coordinates: String
  private let coefficient: Float
  private let excludesOutside: Bool
  private let antialiases: Bool
  private let extrapolation: Float
  private let scales: [Float]
  private let regions: [(Float, Float)]

  init(_ types: OperatorTypes, isUpsample: Bool) throws {
    let input = try types.required(0)
    let (shape, attributes) = (input.shape, types.attributes)
    let rank = shape.rank
    self.input = shape
    switch attributes.text("mode") ?? "nearest" {
    case "nearest": mode = .nearest
    case "linear", "bilinear": mode = .linear
    case "cubic" where !isUpsample && types.opset >= 11: mode = .cubic
    case let word: throw OperatorError("mode '\(word)' is none of nearest, linear and cubic")
    }
    isFirstVersion = isUpsample || types.opset < 11
    coordinates =
      isFirstVersion ? "asymmetric" : attributes.text("coordinate_transformation_mode") ?? "half_pixel"
    let known = [
      "half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric",
      "tf_half_pixel_for_nn", "tf_crop_and_resize",
    ]
    guard known.contains(coordinates) else {
      throw OperatorError("coordinate_transformation_mode '\(coordinates)' is not known")
    }
    nearest = attributes.text("nearest_mode") ?? "round_prefer_floor"
    guard ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"].contains(nearest) else {
      throw OperatorError("nearest_mode '\(nearest)' is not known")
    }
    coefficient = attributes.float("cubic_coeff_a") ?? -0.75
    excludesOutside = attributes.flag("exclude_outside")
    antialiases = types.opset >= 18 && attributes.flag("antialias")
    extrapolation = attributes.float("extrapolation_value") ?? 0

    let axes = try Checked.axes(
      (types.opset >= 18 ? attributes.integers("axes") : nil) ?? Array(0..<rank), rank: rank)
    var given: [Float]?
    var sizes: [Int]?
    if isUpsample && types.opset < 7 {
      guard let height = attributes.float("height_scale"), let width = attributes.float("width_scale"), rank == 4 else {
        throw OperatorError("height_scale or width_scale is missing, or \(shape) has not four dimensions")
      }
      given = [1, 1, height, width]
    } else if isUpsample && types.opset < 9 {
      given = attributes.floats("scales")
    } else {
      let place = isFirstVersion ? 1 : 2
      if let type = types.input(place), type.shape.elementCount > 0 {
        guard let constant = types.constant(place) else { throw UnknownOperand() }
        given = constant.asFloats.elements
      }
      if !isFirstVersion, let type = types.input(3), type.shape.elementCount > 0 { sizes = try types.numbers(3) }
    }
    var scales = [Float](repeating: 1, count: rank)
    var result = shape.dimensions
    if var sizes {
      guard given == nil else { throw OperatorError("scales and sizes are both given") }
      guard sizes.count == axes.count else { throw OperatorError("\(sizes.count) sizes for \(axes.count) axes") }
      for axis in axes where shape[axis] == 0 { throw OperatorError("axis \(axis) of \(shape) is empty") }
      let policy = types.opset >= 18 ? attributes.text("keep_aspect_ratio_policy") ?? "stretch" : "stretch"
      var factors = zip(sizes, axes).map { Float($0) / Float(shape[$1]) }
      if policy != "stretch" {
        guard policy == "not_larger" || policy == "not_smaller" else {
          throw OperatorError("keep_aspect_ratio_policy '\(policy)' is not known")
        }
        let factor = (policy == "not_larger" ? factors.min() : factors.max()) ?? 1
        factors = factors.map { _ in factor }
        sizes = axes.map { Int(saturating: Double((factor * Float(shape[$0])).rounded(.toNearestOrAwayFromZero))) }
      }
      for (place, axis) in axes.enumerated() {
        result[axis] = sizes[place]
        scales[axis] = factors[place]
      }
    } else {
      guard let given else { throw OperatorError("neither scales nor sizes are given") }
      guard given.count == axes.count else { throw OperatorError("\(given.count) scales for \(axes.count) axes") }
      for (scale, axis) in zip(given, axes) {
        guard scale > 0, scale.isFinite else { throw OperatorError("scale \(scale) is not above 0") }
        scales[axis] = scale
        result[axis] = Int(saturating: Double((scale * Float(shape[axis])).rounded(.down)))
      }
    }
    self.scales = scales
    type = TensorType(input.type, try TensorShape(result))

    var regions = [(Float, Float)](repeating: (0, 1), count: rank)
    if coordinates == "tf_crop_and_resize" {
      guard types.input(1) != nil else { throw OperatorError("roi is missing") }
      if let roi = types.constant(1)?.asFloats.elements {
        guard roi.count == 2 * axes.count else {
          throw OperatorError("roi has \(roi.count) entries for \(axes.count) axes")
        }
        for (place, axis) in axes.enumerated() { regions[axis] = (roi[place], roi[place + axes.count]) }
      }
    }
    self.regions = regions
  }

  /// Where a position of the output lies in the input; in single precision, as the models' own runtime counts.
  private func origin(_ position: Int, axis: Int) -> Float {
    let (x, scale) = (Float(position), scales[axis])
    let (length, resized) = (Float(input[axis]), Float(type.shape[axis]))
    // An axis whose scale is 1 keeps its elements even where a region is given, as in the models' own runtime.
    if scale == 1 { return x }
    switch coordinates {
    case "asymmetric": return x / scale
    case "pytorch_half_pixel": return resized > 1 ? (x + 0.5) / scale - 0.5 : 0
    case "tf_half_pixel_for_nn": return (x + 0.5) / scale
    case "align_corners": return resized == 1 ? 0 : x * (length - 1) / (resized - 1)
    case "tf_crop_and_resize":
      let (start, end) = regions[axis]
      return resized > 1
        ? start * (length - 1) + (x * (end - start) * (length - 1)) / (resized - 1)
        : 0.5 * (start + end) * (length - 1)
    case "half_pixel_symmetric":
      let adjustment = resized / (scale * length)
      let center = length / 2
      return center * (1 - adjustment) + (x + 0.5) / scale - 0.5
    default: return (x + 0.5) / scale - 0.5
    }
  }

  private func nearestPlace(_ origin: Float, scale: Float) -> Int {
    let place: Float
    if isFirstVersion {
      place = scale < 1 ? origin.rounded(.up) : origin.rounded(.towardZero)
    } else {
      switch nearest {
      case "floor": place = origin.rounded(.down)
      case "ceil": place = origin.rounded(.up)
      case "round_prefer_ceil": place = (origin + 0.5).rounded(.down)
      default: place = (origin - 0.5).rounded(.up)
      }
    }
    return Int(saturating: Double(place))
  }

  private func cubic(_ distance: Float) -> Float {
    let (x, a) = (distance.magnitude, coefficient)
    if x <= 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
    return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0
  }

  /// What an axis' positions are made of.
  private func resized(_ axis: Int) -> ResizedAxis {
    let (size, count, scale) = (input[axis], type.shape[axis], scales[axis])
    var outside: [Bool] = []
    // A filter that is as wide as the output's elements are in the input smooths what is left out.
    let stretch = antialiases && mode != .nearest ? min(scale, 1) : 1
    let support: Float = mode == .linear ? 1 : 2
    let taps = mode == .nearest ? 1 : 2 * Int(saturating: Double((support / stretch).rounded(.up)))
    var result = ResizedAxis(axis: axis, count: count, places: [], weights: [], taps: taps, outside: [])
    for position in 0..<count {
      let origin = origin(position, axis: axis)
      outside.append(
        coordinates == "tf_crop_and_resize" && !(origin >= 0 && origin <= Float(size - 1)))
      if mode == .nearest {
        result.places.append(min(max(nearestPlace(origin, scale: scale), 0), size - 1))
        result.weights.append(1)
        continue
      }
      if mode == .linear, !antialiases {
        // Each weight is the distance from the other element, not one less that from its own, which would round otherwise.
        let x = min(max(origin, 0), Float(size - 1))
        let low = Int(saturating: Double(x))
        let high = min(low + 1, size - 1)
        result.places += [low, high]
        result.weights += low == high ? [0.5, 0.5] : [(x - Float(high)).magnitude, (x - Float(low)).magnitude]
        continue
      }
      let base = Int(saturating: Double(origin.rounded(.down)))
      let from = min(max(base, -1 << 32), 1 << 32) - taps / 2 + 1
      var weights = (0..<taps).map { tap -> Float in
        let distance = (Float(from + tap) - origin) * stretch
        return mode == .linear ? max(0, 1 - distance.magnitude) : cubic(distance)
      }
      // Elements beyond the ends are copies of the last ones, unless they do not count.
      if excludesOutside && mode == .cubic || stretch < 1 && excludesOutside {
        for tap in weights.indices where from + tap < 0 || from + tap >= size { weights[tap] = 0 }
      }
      let total = weights.reduce(0, +)
      if (stretch < 1 || excludesOutside), total != 0 { weights = weights.map { $0 / total } }
      result.places += (0..<taps).map { min(max(from + $0, 0), size - 1) }
      result.weights += weights
    }
    result.outside = outside
    return result
  }

  func applied(to tensor: TypedTensor) throws -> TypedTensor {
    guard type.shape.elementCount > 0 else { return TypedTensor(type.type, shape: type.shape) }
    guard input.elementCount > 0 else { throw OperatorError("\(input) has no elements to resize to \(type.shape)") }
    // A result of the input's own size is the input, whatever scales and region say, as in the models' own runtime.
    if type.shape == input { return tensor }
    let changed = (0..<input.rank).filter {
      scales[$0] != 1 || input[$0] != type.shape[$0]
    }
    let axes = changed.map { resized($0) }
    if mode == .nearest {
      var result = tensor
      for axis in axes { result = try picked(result, axis) }
      guard axes.contains(where: { $0.outside.contains(true) }) else { return result }
      let value = try TypedTensor(type.type, shape: .scalar, doubles: [Double(extrapolation)])
      var positions = Array(0..<type.shape.elementCount)
      mark(axes) { positions[$0] = -1 }
      return try result.picking(positions, orElse: value, shape: type.shape)
    }
    guard type.type != .f64 else {
      var values = tensor.doubles
      var sizes = input.dimensions
      for axis in axes { values = weighed(values, &sizes, axis) { Double($0) } }
      mark(axes) { values[$0] = Double(extrapolation) }
      return try TypedTensor(type.type, shape: type.shape, doubles: values)
    }
    var values = tensor.asFloats.elements
    if !type.type.isFloat, mode == .linear, !antialiases {
      values = joined(values, axes)
    } else {
      var sizes = input.dimensions
      // Whole numbers are rounded after each axis, the last one first.
      let bounds = antialiases ? type.type.integerBounds : nil
      for axis in bounds == nil ? axes : axes.reversed() {
        values = weighed(values, &sizes, axis) { $0 }
        guard let bounds else { continue }
        let (least, greatest) = (Float(bounds.lowerBound), Float(bounds.upperBound))
        values = values.map { min(max($0.rounded(.toNearestOrAwayFromZero), least), greatest) }
      }
    }
    mark(axes) { values[$0] = extrapolation }
    if type.type == .f32 { return try TypedTensor(shape: type.shape, elements: values) }
    guard let bounds = type.type.integerBounds else {
      return try TypedTensor(type.type, shape: type.shape, doubles: values.map { Double($0) })
    }
    // Whole numbers are cut towards zero, as the models' own runtime does; antialiased ones are whole already.
    return try TypedTensor(
      type.type, shape: type.shape,
      integers: values.map { value in
        let whole = Int(saturating: Double(value))
        return min(max(whole, bounds.lowerBound), bounds.upperBound)
      })
  }

  private func picked(_ tensor: TypedTensor, _ axis: ResizedAxis) throws -> TypedTensor {
    var sizes = tensor.shape.dimensions
    let inner = sizes[(axis.axis + 1)...].product
    let (outer, size) = (sizes[..<axis.axis].product, sizes[axis.axis])
    sizes[axis.axis] = axis.count
    let starts = (0..<outer).flatMap { block in axis.places.map { (block * size + $0) * inner } }
    return try tensor.runs(at: starts, length: inner, shape: TensorShape(sizes))
  }

  /// All axes at once, each element weighed by one product: whole numbers are cut, so that the order of sums shows.
  private func joined(_ values: [Float], _ axes: [ResizedAxis]) -> [Float] {
    let (strides, sizes) = (input.strides, type.shape.dimensions)
    var positions = [0]
    var axisOf = [ResizedAxis?](repeating: nil, count: input.rank)
    for axis in axes { axisOf[axis.axis] = axis }
    var index = [Int](repeating: 0, count: input.rank)
    return (0..<type.shape.elementCount).map { element in
      var rest = element
      for axis in (0..<input.rank).reversed() {
        index[axis] = rest % sizes[axis]
        rest /= sizes[axis]
      }
      positions = [0]
      var weights: [Float] = [1]
      for place in (0..<input.rank).reversed() {
        guard let axis = axisOf[place] else {
          for entry in positions.indices { positions[entry] += index[place] * strides[place] }
          continue
        }
        let first = index[place] * axis.taps
        let taps = first..<first + axis.taps
        let (oldPositions, oldWeights) = (positions, weights)
        positions = taps.flatMap { tap in oldPositions.map { $0 + axis.places[tap] * strides[place] } }
        weights = taps.flatMap { tap in oldWeights.map { $0 * axis.weights[tap] } }
      }
      var sum: Float = 0
      for (position, weight) in zip(positions, weights) { sum += weight * values[position] }
      return sum
    }
  }

  private func weighed<Number: FloatingPoint>(
    _ values: [Number], _ sizes: inout [Int], _ axis: ResizedAxis, _ weight: (Float) -> Number
  ) -> [Number] {
    let inner = sizes[(axis.axis + 1)...].product
    let (outer, size) = (sizes[..<axis.axis].product, sizes[axis.axis])
    sizes[axis.axis] = axis.count
    let weights = axis.weights.map(weight)
    var result = [Number](repeating: 0, count: outer * axis.count * inner)
    for block in 0..<outer {
      for position in 0..<axis.count {
        let target = (block * axis.count + position) * inner
        for tap in position * axis.taps..<(position + 1) * axis.taps where weights[tap] != 0 {
          let source = (block * size + axis.places[tap]) * inner
          for lane in 0..<inner { result[target + lane] += weights[tap] * values[source + lane] }
        }
      }
    }
    return result
  }

  /// Calls a function for every element that lies outside the region.
  private func mark(_ axes: [ResizedAxis], _ write: (Int) -> Void) {
    let strides = type.shape.strides
    for axis in axes where axis.outside.contains(true) {
      let inner = strides[axis.axis]
      for element in 0..<type.shape.elementCount where axis.outside[element / inner % axis.count] { write(element) }
    }
  }
}
