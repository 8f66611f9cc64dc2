import LayerKernels
import RealModule

/// Poolings with windows, of any number of spatial dimensions.
extension TensorOperatorRegistry {
  mutating func registerPooling() {
    register("MaxPool", types: PoolingRules.types) { call in
      let input = try call.required(0)
      let sizes = try PoolingSizes(input.shape, call.attributes)
      let columnMajor = call.attributes.flag("storage_order")
      let wantsIndices = call.wants(1)
      func pool<Number: ProductNumber>(_: Number.Type) throws -> [TypedTensor] {
        try sizes.largest(input, as: Number.self, wantsIndices: wantsIndices, columnMajor: columnMajor)
      }
      return input.type == .f32 ? try pool(Float.self) : try pool(Double.self)
    }
    register("AveragePool", types: PoolingRules.types) { call in
      [try PoolingRules.average(try call.required(0), call.attributes)]
    }
    register("LpPool", types: PoolingRules.types) { call in
      let input = try call.required(0)
      let type = try FloatOperands.commonType([input])
      let sizes = try PoolingSizes(input.shape, call.attributes)
      let power = try PoolingRules.power(call.attributes)
      func pool<Number: ProductNumber>(_: Number.Type) throws -> TypedTensor {
        var powers = input.widened
        powers.withMutableElements(as: Number.self) { LpNorm.raise($0, to: power) }
        var sums = sizes.sums(powers, as: Number.self)
        sums.withMutableElements(as: Number.self) { LpNorm.root($0, of: power) }
        return sums.converted(to: type)
      }
      return [type == .f32 ? try pool(Float.self) : try pool(Double.self)]
    }
  }
}

/// What the poolings share.
enum PoolingRules {
  /// The output's type follows from the input's shape; a second output holds indices.
  @Sendable static func types(_ types: OperatorTypes) throws -> [TensorType]? {
    let input = try types.required(0)
    let shape = try PoolingSizes(input.shape, types.attributes).outputShape
    return [TensorType(input.type, shape)] + (types.outputCount > 1 ? [TensorType(.s64, shape)] : [])
  }

  /// The averages of windows.
  static func average(_ input: TypedTensor, _ attributes: OperatorAttributes) throws -> TypedTensor {
    let type = try FloatOperands.commonType([input])
    let sizes = try PoolingSizes(input.shape, attributes)
    let counts = try sizes.counts(includingPadding: attributes.flag("count_include_pad"))
    func pool<Number: ProductNumber>(_: Number.Type) throws -> TypedTensor {
      var sums = sizes.sums(input.widened, as: Number.self)
      sums.withMutableElements(as: Number.self) { elements in
        for start in stride(from: 0, to: elements.count, by: max(counts.count, 1)) {
          // A window that lies in the padding alone has an average of 0.
          for (index, count) in counts.enumerated() where count > 0 { elements[start + index] /= Number(count) }
        }
      }
      return sums.converted(to: type)
    }
    return type == .f32 ? try pool(Float.self) : try pool(Double.self)
  }

  /// The power of a norm: a number before version 2, a whole number since.
  static func power(_ attributes: OperatorAttributes) throws(OperatorError) -> Double {
    let power = attributes.integer("p").map { Double($0) } ?? attributes.float("p").map { Double($0) } ?? 2
    guard power > 0 else { throw OperatorError("p is \(power); it has to be positive") }
    return power
  }
}

/// Sums of powers and their roots.
enum LpNorm {
  /// Every magnitude to a power.
  static func raise<Number: ProductNumber>(_ elements: UnsafeMutableBufferPointer<Number>, to power: Double) {
    let exponent = Number(power)
    for index in elements.indices {
      let magnitude = elements[index].magnitude
      elements[index] =
        power == 2 ? magnitude * magnitude : power == 1 ? magnitude : Self.power(magnitude, exponent)
    }
  }

  /// The root of every sum.
  static func root<Number: ProductNumber>(_ elements: UnsafeMutableBufferPointer<Number>, of power: Double) {
    guard power != 1 else { return }
    let exponent = 1 / Number(power)
    for index in elements.indices {
      elements[index] = power == 2 ? elements[index].squareRoot() : Self.power(elements[index], exponent)
    }
  }

  /// `pow` of a number that is not negative: 0 to a positive power is 0.
  private static func power<Number: ProductNumber>(_ base: Number, _ exponent: Number) -> Number {
    base == 0 ? 0 : Number.pow(base, exponent)
  }
}
