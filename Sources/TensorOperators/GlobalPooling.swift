import LayerKernels

/// Poolings over all spatial dimensions, and over regions.
extension TensorOperatorRegistry {
  mutating func registerGlobalPooling() {
    register("GlobalAveragePool", types: GlobalPooling.types) { call in [try GlobalPooling.average(call.required(0))] }
    register("GlobalMaxPool", types: GlobalPooling.types) { call in
      let input = try call.required(0)
      return [
        try GlobalPooling.reduce(input) { plane in
          plane.dropFirst().reduce(plane.first ?? -.infinity) { $1 > $0 || $0.isNaN ? $1 : $0 }
        }
      ]
    }
    register("GlobalLpPool", types: GlobalPooling.types) { call in
      let power = try PoolingRules.power(call.attributes)
      return [
        try GlobalPooling.reduce(try call.required(0)) { plane in
          var powers = Array(plane)
          powers.withUnsafeMutableBufferPointer { LpNorm.raise($0, to: power) }
          var sum = [powers.reduce(0, +)]
          sum.withUnsafeMutableBufferPointer { LpNorm.root($0, of: power) }
          return sum[0]
        }
      ]
    }
    register("MaxRoiPool", types: RegionPooling.types) { call in [try RegionPooling.largest(call)] }
  }
}

/// One number for each channel.
enum GlobalPooling {
  /// All spatial sizes become 1.
  @Sendable static func types(_ types: OperatorTypes) throws -> [TensorType]? {
    let input = try types.required(0)
    return [TensorType(input.type, try shape(input.shape))]
  }

  private static func shape(_ input: TensorShape) throws -> TensorShape {
    guard input.rank >= 2 else { throw OperatorError("input \(input) has no channels") }
    return try TensorShape(input.dimensions.enumerated().map { $0 < 2 ? $1 : 1 })
  }

  /// The average of each channel.
  static func average(_ input: TypedTensor) throws -> TypedTensor {
    try reduce(input) { plane in plane.reduce(0, +) / Double(plane.count) }
  }

  /// A number of each channel.
  static func reduce(_ input: TypedTensor, _ body: (ArraySlice<Double>) -> Double) throws -> TypedTensor {
    _ = try FloatOperands.commonType([input])
    let shape = try shape(input.shape)
    let area = input.shape.dimensions.dropFirst(2).reduce(1, *)
    let values = input.doubles
    return try TypedTensor(
      input.type, shape: shape,
      doubles: (0..<shape.elementCount).map { body(values[$0 * area..<($0 + 1) * area]) })
  }
}

/// The largest elements of regions that are cut into cells.
enum RegionPooling {
  @Sendable static func types(_ types: OperatorTypes) throws -> [TensorType]? {
    let (input, regions) = (try types.required(0), try types.required(1))
    return [TensorType(input.type, try shape(input.shape, regions.shape, types.attributes))]
  }

  private static func shape(
    _ input: TensorShape, _ regions: TensorShape, _ attributes: OperatorAttributes
  ) throws -> TensorShape {
    guard input.rank == 4, regions.rank == 2, regions[1] == 5 else {
      throw OperatorError("regions \(regions) of input \(input): there should be 5 numbers a region and 4 dimensions")
    }
    guard let pooled = attributes.integers("pooled_shape"), pooled.count == 2, pooled.allSatisfy({ $0 > 0 }) else {
      throw OperatorError("pooled_shape has to be two positive numbers")
    }
    return try TensorShape([regions[0], input[1]] + pooled)
  }

  /// `MaxRoiPool`.
  static func largest(_ call: OperatorCall) throws -> TypedTensor {
    let (input, regions) = (try call.required(0), try call.required(1))
    let type = try FloatOperands.commonType([input, regions])
    let shape = try shape(input.shape, regions.shape, call.attributes)
    let scale = call.attributes.float("spatial_scale") ?? 1
    let (channels, height, width) = (input.shape[1], input.shape[2], input.shape[3])
    let (values, corners) = (input.doubles, regions.doubles)
    var result: [Double] = []
    result.reserveCapacity(shape.elementCount)
    for region in 0..<shape[0] {
      let numbers = corners[region * 5..<region * 5 + 5].map { Float($0) }
      guard let image = Int(exactly: numbers[0]), (0..<input.shape[0]).contains(image) else {
        throw OperatorError("region \(region) is of image \(numbers[0]); there are \(input.shape[0])")
      }
      let corners = numbers[1...].map {
        Int(saturating: Double(($0 * scale).rounded())).clamped(to: -1 << 31...1 << 31)
      }
      let rows = cells(from: corners[1], to: corners[3], count: shape[2], limit: height)
      let columns = cells(from: corners[0], to: corners[2], count: shape[3], limit: width)
      for channel in 0..<channels {
        let start = (image * channels + channel) * height * width
        for rows in rows {
          for columns in columns {
            var best = rows.isEmpty || columns.isEmpty ? 0 : -Double.infinity
            for row in rows {
              for column in columns { best = Swift.max(best, values[start + row * width + column]) }
            }
            result.append(best)
          }
        }
      }
    }
    return try TypedTensor(type, shape: shape, doubles: result)
  }

  /// The elements of each cell along one dimension.
  private static func cells(from first: Int, to last: Int, count: Int, limit: Int) -> [Range<Int>] {
    let size = Float(max(last - first + 1, 1)) / Float(count)
    return (0..<count).map { cell in
      let lower = (Int((Float(cell) * size).rounded(.down)) + first).clamped(to: 0...limit)
      let upper = (Int((Float(cell + 1) * size).rounded(.up)) + first).clamped(to: 0...limit)
      return lower..<max(lower, upper)
    }
  }
}

extension Comparable {
  /// The nearest value within bounds.
  func clamped(to bounds: ClosedRange<Self>) -> Self { min(max(self, bounds.lowerBound), bounds.upperBound) }
}
