import LayerKernels
import NetworkDeployment

/// The sizes of a C structure: `int64_t[LUTHIER_MAX_RANK]`.
struct CSizes {
  var sizes: InlineArray<8, Int64>

  /// The shape of the first sizes.
  ///
  /// - Throws: ``InterfaceError`` that names what it is of.
  func shape(rank: Int32, of owner: @autoclosure () -> String) throws -> TensorShape {
    guard (0...Int32(sizes.count)).contains(rank) else {
      throw InterfaceError("the rank of \(owner()) is \(rank); allowed are 0 to \(sizes.count)")
    }
    do {
      return try TensorShape((0..<Int(rank)).map { Int(sizes[$0]) })
    } catch { throw InterfaceError("\(owner()): \(error)") }
  }
}

/// `luthier_tensor` and `luthier_buffer`, as the header lays them out.
struct CTensor {
  var data: UnsafeMutableRawPointer?
  var type: Int32
  var rank: Int32
  var sizes: CSizes

  /// A description of a tensor's memory, which has to outlive it.
  init(_ tensor: TypedTensor) {
    // The bytes lie where they are for as long as the tensor lives and nobody changes it.
    data = tensor.withBytes { UnsafeMutableRawPointer(mutating: $0.baseAddress) }
    type = tensor.type.number
    rank = Int32(tensor.shape.rank)
    sizes = CSizes(sizes: InlineArray(repeating: 0))
    for (axis, size) in tensor.shape.dimensions.enumerated() { sizes.sizes[axis] = Int64(size) }
  }

  /// Whether this is dense elements of a type and the sizes of a shape, at an address that is aligned to them. Nothing is allocated.
  func isAligned(_ type: ElementType, _ shape: TensorShape, channelsLast: Bool) -> Bool {
    guard self.type == type.number, Int(rank) == shape.rank, let data, shape.elementCount > 0,
      Int(bitPattern: data) % type.byteCount == 0
    else { return false }
    for axis in 0..<shape.rank where sizes.sizes[axis] != Int64(shape[CTensor.axis(axis, shape.rank, channelsLast)]) {
      return false
    }
    return true
  }

  /// The axis of `[N, C, H, W]` of which callers speak at an axis: of `[N, H, W, C]`, where they lay out images so.
  static func axis(_ axis: Int, _ rank: Int, _ channelsLast: Bool) -> Int {
    guard channelsLast, rank == 4, axis > 0 else { return axis }
    return axis == 3 ? 1 : axis + 1
  }
}

extension LoadedModel.Port {
  /// The sizes as callers have them.
  private func callersText(_ channelsLast: Bool) -> String {
    guard channelsLast, let sizes, sizes.count == 4 else { return shapeText }
    return (0..<4).map { sizes[CTensor.axis($0, 4, true)].map(String.init) ?? "?" }.joined(separator: "x")
  }

  private func admits(_ shape: TensorShape, _ channelsLast: Bool) -> Bool {
    guard let sizes else { return true }
    return sizes.count == shape.rank
      && shape.dimensions.indices.allSatisfy { axis in
        let size = sizes[CTensor.axis(axis, shape.rank, channelsLast)]
        return size == nil || size == shape[axis]
      }
  }

  /// A copy of what a caller hands over, under the model's shape.
  ///
  /// - Throws: one line that names the input, what it is and what was given.
  func tensor(of given: CTensor, channelsLast: Bool) throws -> TypedTensor {
    let shape = try given.sizes.shape(rank: given.rank, of: "input '\(name)'")
    guard let type = ElementType(number: given.type) else {
      throw InterfaceError("the type of input '\(name)' is \(given.type), which is no luthier_type")
    }
    guard type == self.type, admits(shape, channelsLast) else {
      var found = "\(type) \(shape)"
      if type == self.type, admits(shape, !channelsLast) {
        found += channelsLast ? ", though channels_last says [N, H, W, C]," : ", which fits with channels_last,"
      }
      throw ModelInputError.mismatch(
        name: name, expected: "\(self.type?.rawValue ?? "any type") \(callersText(channelsLast))", found: found)
    }
    var own = shape.dimensions
    for axis in own.indices { own[CTensor.axis(axis, shape.rank, channelsLast)] = shape[axis] }
    let bytes = try given.bytes(of: "input '\(name)'", type, shape)
    try checkRange(bytes, type)
    return try TypedTensor(type, shape: TensorShape(own), bytes: bytes)
  }

  /// Integers of 4 and 2 bits have room for more in their bytes.
  private func checkRange(_ bytes: UnsafeRawBufferPointer, _ type: ElementType) throws {
    guard type.fileBitCount < 8, let bounds = type.integerBounds else { return }
    for byte in bytes {
      let value = type.isSigned ? Int(Int8(bitPattern: byte)) : Int(byte)
      guard bounds.contains(value) else {
        throw InterfaceError("input '\(name)' holds \(value); \(type) is \(bounds.lowerBound) to \(bounds.upperBound)")
      }
    }
  }
}

extension CTensor {
  /// The bytes of as many elements as a shape has.
  ///
  /// - Throws: ``InterfaceError`` when there is no address.
  func bytes(of owner: @autoclosure () -> String, _ type: ElementType, _ shape: TensorShape) throws
    -> UnsafeRawBufferPointer
  {
    guard data != nil || shape.elementCount == 0 else { throw InterfaceError("\(owner()) is NULL") }
    return UnsafeRawBufferPointer(start: data, count: shape.elementCount * type.byteCount)
  }
}
