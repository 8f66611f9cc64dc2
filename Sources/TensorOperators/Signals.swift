import LayerKernels
import RealModule

/// Operators of signal processing: windows, Fourier transforms and mel filters.
extension TensorOperatorRegistry {
  mutating func registerSignals() {
    registerWindow("HannWindow") { 0.5 - 0.5 * Double.cos($0) }
    registerWindow("HammingWindow") { 25.0 / 46 - 21.0 / 46 * Double.cos($0) }
    registerWindow("BlackmanWindow") { 0.42 - 0.5 * Double.cos($0) + 0.08 * Double.cos(2 * $0) }
    register("DFT", types: TypeRules.planned { [try Signals.transformType($0).type] }, evaluate: Signals.transform)
    register("STFT", types: TypeRules.planned { [try Signals.framesType($0).type] }, evaluate: Signals.frames)
    register("MelWeightMatrix", types: TypeRules.planned { [try Signals.melType($0)] }, evaluate: Signals.melWeights)
  }

  private mutating func registerWindow(_ name: String, _ value: @escaping @Sendable (Double) -> Double) {
    register(name, types: TypeRules.planned { [try Signals.windowType($0)] }) { call in
      let type = try Signals.windowType(call.known)
      let count = type.shape.elementCount
      let isPeriodic = call.attributes.integer("periodic") ?? 1 != 0
      let period = Double(isPeriodic ? count : count - 1)
      return [
        try TypedTensor(
          type.type, shape: type.shape, doubles: (0..<count).map { value(2 * Double.pi * Double($0) / period) })
      ]
    }
  }
}

/// The discrete Fourier transform of a list of complex numbers, forwards or backwards, of any length.
struct FourierTransform {
  let count: Int
  private let cosines: [Double]
  private let sines: [Double]

  init(_ count: Int, isInverse: Bool) {
    self.count = count
    let turn = (isInverse ? 2 : -2) * Double.pi / Double(max(count, 1))
    cosines = (0..<count).map { Double.cos(turn * Double($0)) }
    sines = (0..<count).map { Double.sin(turn * Double($0)) }
  }

  func callAsFunction(_ real: [Double], _ imaginary: [Double]) -> ([Double], [Double]) {
    var (outReal, outImaginary) = (real, imaginary)
    transform(real, imaginary, start: 0, stride: 1, count: count, &outReal, &outImaginary, at: 0)
    return (outReal, outImaginary)
  }

  /// Splits by the least factor (Cooley and Tukey), down to a prime length, which is summed up as it is defined.
  private func transform(
    _ real: [Double], _ imaginary: [Double], start: Int, stride: Int, count length: Int, _ outReal: inout [Double],
    _ outImaginary: inout [Double], at target: Int
  ) {
    guard length > 1 else {
      if length == 1 { (outReal[target], outImaginary[target]) = (real[start], imaginary[start]) }
      return
    }
    var factor = 2
    while factor * factor <= length, length % factor != 0 { factor += 1 }
    if length % factor != 0 { factor = length }
    let part = length / factor
    for index in 0..<factor {
      transform(
        real, imaginary, start: start + index * stride, stride: stride * factor, count: part, &outReal, &outImaginary,
        at: target + index * part)
    }
    let step = count / length
    var lane = [(Double, Double)](repeating: (0, 0), count: factor)
    for position in 0..<part {
      for index in 0..<factor {
        lane[index] = (outReal[target + index * part + position], outImaginary[target + index * part + position])
      }
      for index in 0..<factor {
        let frequency = position + index * part
        var sum = (0.0, 0.0)
        for (order, value) in lane.enumerated() {
          let angle = (order * frequency % length) * step
          sum.0 += value.0 * cosines[angle] - value.1 * sines[angle]
          sum.1 += value.0 * sines[angle] + value.1 * cosines[angle]
        }
        (outReal[target + frequency], outImaginary[target + frequency]) = sum
      }
    }
  }
}

private enum Signals {
  static func windowType(_ types: OperatorTypes) throws -> TensorType {
    guard let size = try types.number(0) else { throw OperatorError("the size is missing") }
    return TensorType(
      try DataTypeCode.type("output_datatype", of: types.attributes, orElse: .f32), try TensorShape([size]))
  }

  static func transformType(_ types: OperatorTypes) throws -> (type: TensorType, axis: Int, length: Int) {
    let input = try types.required(0)
    let rank = input.shape.rank
    guard rank >= 2, let parts = input.shape.dimensions.last, parts == 1 || parts == 2 else {
      throw OperatorError("\(input.shape) does not end in 1 or 2")
    }
    let given = types.opset < 20 ? types.attributes.integer("axis") ?? 1 : try types.number(2) ?? -2
    let axis = try given.axis(rank: rank)
    guard axis < rank - 1 else { throw OperatorError("axis \(given) is that of real and imaginary parts") }
    let (isInverse, isOneSided) = (types.attributes.flag("inverse"), types.attributes.flag("onesided"))
    let standard = isInverse && isOneSided ? 2 * (input.shape[axis] - 1) : input.shape[axis]
    let length = try types.number(1) ?? standard
    guard length > 0, length <= 1 << 28 else { throw OperatorError("a transform of \(length) elements") }
    var sizes = input.shape.dimensions
    sizes[axis] = isOneSided && !isInverse ? length / 2 + 1 : length
    sizes[rank - 1] = isOneSided && isInverse ? 1 : 2
    return (TensorType(input.type, try TensorShape(sizes)), axis, length)
  }

  @Sendable static func transform(_ call: OperatorCall) throws -> [TypedTensor] {
    let input = try call.required(0)
    let (type, axis, length) = try transformType(call.known)
    let isInverse = call.attributes.flag("inverse")
    let isHalf = isInverse && call.attributes.flag("onesided")
    let values = input.doubles
    let (parts, outParts) = (input.shape[input.shape.rank - 1], type.shape[type.shape.rank - 1])
    let inner = input.shape.dimensions[(axis + 1)...].dropLast().product
    let (size, outSize) = (input.shape[axis], type.shape[axis])
    let fourier = FourierTransform(length, isInverse: isInverse)
    let scale = isInverse ? 1 / Double(length) : 1
    var result = [Double](repeating: 0, count: type.shape.elementCount)
    for block in 0..<input.shape.dimensions[..<axis].product {
      for lane in 0..<inner {
        var (real, imaginary) = ([Double](repeating: 0, count: length), [Double](repeating: 0, count: length))
        for position in 0..<min(size, length) {
          let source = ((block * size + position) * inner + lane) * parts
          real[position] = values[source]
          if parts == 2 { imaginary[position] = values[source + 1] }
        }
        if isHalf {
          // The other half of a real signal's spectrum is the first one's mirror image; what lies at its ends is real.
          imaginary[0] = 0
          if length % 2 == 0 { imaginary[length / 2] = 0 }
          for position in length / 2 + 1..<max(length, length / 2 + 1) {
            (real[position], imaginary[position]) = (real[length - position], -imaginary[length - position])
          }
        }
        let (x, y) = fourier(real, imaginary)
        for position in 0..<outSize {
          let target = ((block * outSize + position) * inner + lane) * outParts
          result[target] = x[position] * scale
          if outParts == 2 { result[target + 1] = y[position] * scale }
        }
      }
    }
    return [try TypedTensor(type.type, shape: type.shape, doubles: result)]
  }

  static func framesType(_ types: OperatorTypes) throws -> (type: TensorType, step: Int, length: Int) {
    let input = try types.required(0)
    let rank = input.shape.rank
    guard rank == 2 || rank == 3 && (1...2).contains(input.shape[2]) else {
      throw OperatorError("\(input.shape) is no signal with 1 or 2 parts")
    }
    guard let step = try types.number(1), step > 0 else { throw OperatorError("frame_step is not above 0") }
    let window = types.input(2)
    if let window, window.shape.rank != 1 { throw OperatorError("a window of \(window.shape)") }
    let length = try types.number(3) ?? window?.shape[0] ?? input.shape[1]
    guard length > 0, length <= input.shape[1], window.map({ $0.shape[0] <= length }) ?? true else {
      throw OperatorError("frames of \(length) of a signal of \(input.shape[1])")
    }
    let isOneSided = types.attributes.integer("onesided") ?? 1 != 0
    let count = (input.shape[1] - length) / step + 1
    return (
      TensorType(input.type, try TensorShape([input.shape[0], count, isOneSided ? length / 2 + 1 : length, 2])), step,
      length
    )
  }

  @Sendable static func frames(_ call: OperatorCall) throws -> [TypedTensor] {
    let input = try call.required(0)
    let (type, step, length) = try framesType(call.known)
    let parts = input.shape.rank == 3 ? input.shape[2] : 1
    let values = input.doubles
    let window = call.input(2)?.doubles ?? [Double](repeating: 1, count: length)
    let fourier = FourierTransform(length, isInverse: false)
    var result: [Double] = []
    result.reserveCapacity(type.shape.elementCount)
    for item in 0..<type.shape[0] {
      for frame in 0..<type.shape[1] {
        var (real, imaginary) = ([Double](repeating: 0, count: length), [Double](repeating: 0, count: length))
        for (position, weight) in window.enumerated() {
          let source = (item * input.shape[1] + frame * step + position) * parts
          real[position] = values[source] * weight
          if parts == 2 { imaginary[position] = values[source + 1] * weight }
        }
        let (x, y) = fourier(real, imaginary)
        for frequency in 0..<type.shape[2] { result += [x[frequency], y[frequency]] }
      }
    }
    return [try TypedTensor(type.type, shape: type.shape, doubles: result)]
  }

  static func melType(_ types: OperatorTypes) throws -> TensorType {
    guard let bins = try types.number(0), let length = try types.number(1) else {
      throw OperatorError("num_mel_bins or dft_length is missing")
    }
    guard length >= 0 else { throw OperatorError("dft_length is \(length)") }
    return TensorType(
      try DataTypeCode.type("output_datatype", of: types.attributes, orElse: .f32),
      try TensorShape([length / 2 + 1, bins]))
  }

  @Sendable static func melWeights(_ call: OperatorCall) throws -> [TypedTensor] {
    let type = try melType(call.known)
    let (rows, bins) = (type.shape[0], type.shape[1])
    let numbers = try (1..<5).map { index in
      guard let number = try call.required(index).doubles.first else { throw OperatorError("input \(index) is empty") }
      return number
    }
    let (length, rate) = (numbers[0], numbers[1])
    func mel(_ frequency: Double) -> Double { 2595 * Double.log10(1 + frequency / 700) }
    let low = mel(numbers[2])
    let step = (mel(numbers[3]) - low) / Double(bins + 2)
    let points = try (0..<bins + 2).map { bin in
      let frequency = 700 * (Double.exp10((Double(bin) * step + low) / 2595) - 1)
      let point = Int(saturating: ((length + 1) * frequency / rate).rounded(.down))
      guard (0..<rows).contains(point) || bin == bins + 1 && point == rows else {
        throw OperatorError("frequency \(frequency) is not within the transform of rate \(rate)")
      }
      return point
    }
    var result = [Double](repeating: 0, count: type.shape.elementCount)
    for bin in 0..<bins {
      let (left, center, right) = (points[bin], points[bin + 1], points[bin + 2])
      if left == center {
        result[center * bins + bin] = 1
      } else if left < center {
        for row in left...center { result[row * bins + bin] = Double(row - left) / Double(center - left) }
      }
      guard right > center else { continue }
      for row in center..<right { result[row * bins + bin] = Double(right - row) / Double(right - center) }
    }
    return [try TypedTensor(type.type, shape: type.shape, doubles: result)]
  }
}
