import LayerKernels

/// Operators that read images between their elements.
extension TensorOperatorRegistry {
  mutating func registerSampling() {
    register("AffineGrid", types: TypeRules.planned { [try Sampling.affineType($0)] }, evaluate: Sampling.affineGrid)
    register("GridSample", types: { [try Sampling.gridType($0)] }, evaluate: Sampling.gridSample)
    register("RoiAlign", types: { [try Sampling.regionType($0)] }, evaluate: Sampling.regionAlign)
  }
}

private enum Sampling {
  static func affineType(_ types: OperatorTypes) throws -> TensorType {
    let theta = try types.required(0)
    guard let size = try types.numbers(1) else { throw OperatorError("the size is missing") }
    let spatial = size.count - 2
    guard spatial == 2 || spatial == 3, theta.shape.dimensions == [size[0], spatial, spatial + 1] else {
      throw OperatorError("theta \(theta.shape) does not fit size \(size)")
    }
    return TensorType(theta.type, try TensorShape([size[0]] + size[2...] + [spatial]))
  }

  @Sendable static func affineGrid(_ call: OperatorCall) throws -> [TypedTensor] {
    let type = try affineType(call.known)
    let theta = try call.required(0).doubles
    let alignsCorners = call.attributes.flag("align_corners")
    let spatial = type.shape[type.shape.rank - 1]
    let sizes = Array(type.shape.dimensions[1...spatial])
    let coordinates = sizes.map { size in
      (0..<size).map { position -> Double in
        if alignsCorners { return size == 1 ? -1 : -1 + 2 * Double(position) / Double(size - 1) }
        return (2 * Double(position) + 1) / Double(size) - 1
      }
    }
    var result: [Double] = []
    result.reserveCapacity(type.shape.elementCount)
    var point = [Double](repeating: 0, count: spatial)
    for item in 0..<type.shape[0] {
      for place in 0..<sizes.product {
        // The last axis is the first coordinate.
        var rest = place
        for axis in (0..<spatial).reversed() {
          point[spatial - 1 - axis] = coordinates[axis][rest % sizes[axis]]
          rest /= sizes[axis]
        }
        for row in 0..<spatial {
          let start = (item * spatial + row) * (spatial + 1)
          var sum = theta[start + spatial]
          for column in 0..<spatial { sum += theta[start + column] * point[column] }
          result.append(sum)
        }
      }
    }
    return [try TypedTensor(type.type, shape: type.shape, doubles: result)]
  }

  static func gridType(_ types: OperatorTypes) throws -> TensorType {
    let (input, grid) = (try types.required(0), try types.required(1))
    let spatial = input.shape.rank - 2
    guard spatial >= 1, grid.shape.rank == input.shape.rank, grid.shape[0] == input.shape[0],
      grid.shape[spatial + 1] == spatial
    else { throw OperatorError("a grid of \(grid.shape) does not fit \(input.shape)") }
    return TensorType(
      input.type, try TensorShape(Array(input.shape.dimensions[..<2]) + grid.shape.dimensions[1...spatial]))
  }

  enum Beyond: String { case zeros, border, reflection }

  /// A coordinate mirrored at the ends until it lies between them.
  static func reflected(_ x: Double, _ least: Double, _ greatest: Double) -> Double {
    let span = greatest - least
    guard x < least || x > greatest else { return x }
    guard span > 0, x.isFinite else { return least }
    let distance = x < least ? least - x : x - greatest
    let turns = (distance / span).rounded(.towardZero)
    let rest = distance - turns * span
    let isEven = turns.truncatingRemainder(dividingBy: 2) == 0
    return (x < least) == isEven ? least + rest : greatest - rest
  }

  @Sendable static func gridSample(_ call: OperatorCall) throws -> [TypedTensor] {
    let type = try gridType(call.known)
    let (input, grid) = (try call.required(0), try call.required(1))
    let word = call.attributes.text("mode") ?? "linear"
    let taps: Int
    switch word {
    case "nearest": taps = 1
    case "linear", "bilinear": taps = 2
    case "cubic", "bicubic": taps = 4
    default: throw OperatorError("mode '\(word)' is none of nearest, linear and cubic")
    }
    let padding = call.attributes.text("padding_mode") ?? "zeros"
    guard let beyond = Beyond(rawValue: padding) else {
      throw OperatorError("padding_mode '\(padding)' is none of zeros, border and reflection")
    }
    let alignsCorners = call.attributes.flag("align_corners")
    let spatial = input.shape.rank - 2
    let sizes = Array(input.shape.dimensions[2...])
    let strides = Array(input.shape.strides[2...])
    guard type.shape.elementCount > 0 else { return [TypedTensor(type.type, shape: type.shape)] }
    guard input.shape.elementCount > 0 else { throw OperatorError("\(input.shape) has no elements") }
    let (channels, plane) = (input.shape[1], sizes.product)
    let values = input.doubles
    let points = grid.doubles
    let count = grid.shape.dimensions[1...spatial].product
    var result = [Double](repeating: 0, count: type.shape.elementCount)
    var places = [Int](repeating: 0, count: spatial * taps)
    var weights = [Double](repeating: 0, count: spatial * taps)
    var combinations = 1
    for _ in 0..<spatial { combinations *= taps }
    var offsets = [Int](repeating: 0, count: combinations)
    var factors = [Double](repeating: 0, count: combinations)
    for item in 0..<input.shape[0] {
      for point in 0..<count {
        for axis in 0..<spatial {
          let normal = points[(item * count + point) * spatial + spatial - 1 - axis]
          let size = Double(sizes[axis])
          // Single precision is what models are made with: halves of it round as there.
          var x = alignsCorners ? (normal + 1) / 2 * (size - 1) : ((normal + 1) * size - 1) / 2
          if input.type != .f64 { x = Double(Float(x)) }
          let (least, greatest) = alignsCorners ? (0, size - 1) : (-0.5, size - 0.5)
          if taps == 1 { x.round(.toNearestOrEven) }
          switch beyond {
          case .zeros: break
          case .border where taps < 4: x = min(max(x, 0), size - 1)
          case .reflection where taps < 4: x = reflected(x, least, greatest)
          default: break
          }
          if x.isNaN { x = -2 }
          let base = min(max(x.rounded(.down), -1e9), 1e9)
          let first = Int(saturating: base) - (taps == 4 ? 1 : 0)
          let distance = x - base
          for tap in 0..<taps {
            var place = first + tap
            var weight =
              taps == 1 ? 1 : taps == 2 ? (tap == 0 ? 1 - distance : distance) : cubic(Double(tap - 1) - distance)
            switch beyond {
            case .zeros:
              if place < 0 || place >= sizes[axis] { weight = 0; place = 0 }
            case .border: place = min(max(place, 0), sizes[axis] - 1)
            case .reflection:
              place = min(max(Int(saturating: reflected(Double(place), least, greatest)), 0), sizes[axis] - 1)
            }
            places[axis * taps + tap] = place * strides[axis]
            weights[axis * taps + tap] = weight
          }
        }
        for index in 0..<combinations {
          var (rest, offset, factor) = (index, 0, 1.0)
          for axis in (0..<spatial).reversed() {
            let tap = axis * taps + rest % taps
            rest /= taps
            offset += places[tap]
            factor *= weights[tap]
          }
          (offsets[index], factors[index]) = (offset, factor)
        }
        for channel in 0..<channels {
          let start = (item * channels + channel) * plane
          var sum = 0.0
          // An element without a weight does not count, not even NaN.
          for index in 0..<combinations where factors[index] != 0 {
            sum += factors[index] * values[start + offsets[index]]
          }
          result[(item * channels + channel) * count + point] = sum
        }
      }
    }
    return [try TypedTensor(type.type, shape: type.shape, doubles: result)]
  }

  private static func cubic(_ distance: Double) -> Double {
    let (x, a) = (distance.magnitude, -0.75)
    return x <= 1 ? ((a + 2) * x - (a + 3)) * x * x + 1 : x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0
  }

  static func regionType(_ types: OperatorTypes) throws -> TensorType {
    let (input, regions, items) = (try types.required(0), try types.required(1), try types.required(2))
    guard input.shape.rank == 4, regions.shape.rank == 2, regions.shape[1] == 4,
      items.shape.dimensions == [regions.shape[0]]
    else { throw OperatorError("regions \(regions.shape) of items \(items.shape) do not fit \(input.shape)") }
    let (height, width) = (
      types.attributes.integer("output_height") ?? 1, types.attributes.integer("output_width") ?? 1
    )
    guard height > 0, width > 0 else { throw OperatorError("an output of \(height)x\(width)") }
    return TensorType(input.type, try TensorShape([regions.shape[0], input.shape[1], height, width]))
  }

  @Sendable static func regionAlign(_ call: OperatorCall) throws -> [TypedTensor] {
    let type = try regionType(call.known)
    let input = try call.required(0)
    let mode = call.attributes.text("mode") ?? "avg"
    guard mode == "avg" || mode == "max" else { throw OperatorError("mode '\(mode)' is neither avg nor max") }
    let isHalf =
      call.opset >= 16 && call.attributes.text("coordinate_transformation_mode") ?? "half_pixel" == "half_pixel"
    let scale = Double(call.attributes.float("spatial_scale") ?? 1)
    let ratio = call.attributes.integer("sampling_ratio") ?? 0
    guard (0...1 << 12).contains(ratio) else { throw OperatorError("sampling_ratio \(ratio) is not within 0...4096") }
    let values = input.doubles
    let regions = try call.required(1).doubles
    let items = try call.known.numbers(2) ?? []
    let (channels, height, width) = (input.shape[1], input.shape[2], input.shape[3])
    let (rows, columns) = (type.shape[2], type.shape[3])
    var result = [Double](repeating: 0, count: type.shape.elementCount)
    guard type.shape.elementCount > 0 else { return [TypedTensor(type.type, shape: type.shape)] }
    guard height > 0, width > 0 else { throw OperatorError("\(input.shape) has no elements") }
    // Of zeros of either sign the first, as everywhere else: what divides by the result sees it.
    func larger(_ a: Double, _ b: Double) -> Double { a < b ? b : a }
    func samples(_ start: Double, _ step: Double, _ count: Int, _ place: Int, _ size: Int) -> [(Int, Int, Double)?] {
      (0..<count).map { index in
        var x = start + Double(place) * step + (Double(index) + 0.5) * step / Double(count)
        guard x >= -1, x <= Double(size) else { return nil }
        x = max(x, 0)
        let low = Int(saturating: x)
        return low >= size - 1 ? (size - 1, size - 1, 0) : (low, low + 1, x - Double(low))
      }
    }
    for region in 0..<type.shape[0] {
      guard (0..<input.shape[0]).contains(items[region]) else {
        throw OperatorError("a region of item \(items[region]) of \(input.shape[0])")
      }
      let corners = (0..<4).map { regions[region * 4 + $0] * scale - (isHalf ? 0.5 : 0) }
      var (spanX, spanY) = (corners[2] - corners[0], corners[3] - corners[1])
      if !isHalf { (spanX, spanY) = (max(spanX, 1), max(spanY, 1)) }
      let (stepX, stepY) = (spanX / Double(columns), spanY / Double(rows))
      let countX = ratio > 0 ? ratio : max(0, Int(saturating: stepX.rounded(.up)))
      let countY = ratio > 0 ? ratio : max(0, Int(saturating: stepY.rounded(.up)))
      guard countX <= 1 << 15, countY <= 1 << 15 else { throw OperatorError("region \(region) is \(spanX)x\(spanY)") }
      let divisor = Double(max(countX * countY, 1))
      for row in 0..<rows {
        let ys = samples(corners[1], stepY, countY, row, height)
        for column in 0..<columns {
          let xs = samples(corners[0], stepX, countX, column, width)
          for channel in 0..<channels {
            let plane = (items[region] * channels + channel) * height * width
            var (sum, greatest) = (0.0, -Double.infinity)
            for y in ys {
              for x in xs {
                guard let y, let x else {
                  // As ONNX Runtime and the standard's evaluator: the first element times 0.
                  greatest = larger(greatest, Double(signOf: values[plane], magnitudeOf: 0))
                  continue
                }
                let a = (1 - y.2) * (1 - x.2) * values[plane + y.0 * width + x.0]
                let b = (1 - y.2) * x.2 * values[plane + y.0 * width + x.1]
                let c = y.2 * (1 - x.2) * values[plane + y.1 * width + x.0]
                let d = y.2 * x.2 * values[plane + y.1 * width + x.1]
                sum += a + b + c + d
                greatest = larger(greatest, larger(larger(larger(a, b), c), d))
              }
            }
            let target = ((region * channels + channel) * rows + row) * columns + column
            result[target] = mode == "avg" ? sum / divisor : countX * countY > 0 ? greatest : 0
          }
        }
      }
    }
    return [try TypedTensor(type.type, shape: type.shape, doubles: result)]
  }
}
