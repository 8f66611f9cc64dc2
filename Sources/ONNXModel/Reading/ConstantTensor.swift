import LayerKernels

/// A tensor whose elements are known when a model is read: weights as floats, shapes and indices as integers.
struct ConstantTensor {
  enum Elements {
    case floats(Tensor)
    case integers([Int])
  }

  let shape: TensorShape
  let elements: Elements

  init(_ tensor: Tensor) {
    shape = tensor.shape
    elements = .floats(tensor)
  }

  init(shape: TensorShape, integers: [Int]) {
    self.shape = shape
    elements = .integers(integers)
  }

  /// A list of integers.
  init(integers: [Int]) throws(ShapeError) { self.init(shape: try TensorShape([integers.count]), integers: integers) }

  var isInteger: Bool {
    if case .integers = elements { true } else { false }
  }

  /// The elements as integers; floats are rounded towards zero, what is too large becomes the largest, NaN becomes 0.
  var integers: [Int] {
    switch elements {
    case .integers(let values): values
    case .floats(let tensor):
      tensor.elements.map { value in
        if value.isNaN { return 0 }
        return value >= 0x1p63 ? .max : value < -0x1p63 ? .min : Int(value)
      }
    }
  }

  /// The elements as floats.
  var floats: [Float] {
    switch elements {
    case .floats(let tensor): tensor.elements
    case .integers(let values): values.map(Float.init)
    }
  }

  /// The elements as a tensor of floats.
  var tensor: Tensor {
    switch elements {
    case .floats(let tensor): tensor
    case .integers(let values):
      (try? Tensor(shape: shape, elements: values.map(Float.init))) ?? Tensor(shape: shape)
    }
  }

  /// The elements at the given positions of the row-major order, under a new shape with as many.
  func picking(_ positions: [Int], shape: TensorShape) -> ConstantTensor {
    switch elements {
    case .integers(let values): ConstantTensor(shape: shape, integers: positions.map { values[$0] })
    case .floats(let tensor):
      tensor.withElements { values in
        ConstantTensor((try? Tensor(shape: shape, elements: positions.map { values[$0] })) ?? Tensor(shape: shape))
      }
    }
  }

  /// The same elements under a shape with as many.
  func reshaped(_ shape: TensorShape) -> ConstantTensor {
    switch elements {
    case .integers(let values): ConstantTensor(shape: shape, integers: values)
    case .floats(let tensor): ConstantTensor((try? tensor.reshaped(to: shape)) ?? tensor)
    }
  }
}
