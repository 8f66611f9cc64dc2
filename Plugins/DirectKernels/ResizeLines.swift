import LayerKernels

/// The input elements along one axis that each output element is mixed of, as arrays that vectors can read.
///
/// The upper element is the lower one where it has no part, since it may be infinite.
struct ResizeLines: Sendable {
  let lower: [Int32]
  let upper: [Int32]
  let weights: [Float]
  /// Whether each input element stands for two outputs side by side, from the first one on.
  let isDoubled: Bool

  init(_ taps: [ResizeTap]) {
    let lower = taps.map { Int32($0.lower) }
    let upper = taps.map { Int32($0.upperWeight == 0 ? $0.lower : $0.upper) }
    weights = taps.map { Float($0.upperWeight) }
    self.lower = lower
    self.upper = upper
    isDoubled = lower == upper && lower.indices.allSatisfy { Int(lower[$0]) == $0 / 2 }
  }

  var count: Int { lower.count }

  /// Mixes an input row of single elements to an output row.
  func mix(_ source: UnsafePointer<Float>, into target: UnsafeMutablePointer<Float>) {
    let count = count
    lower.withUnsafeBufferPointer { lower in
      upper.withUnsafeBufferPointer { upper in
        weights.withUnsafeBufferPointer { weights in
          guard let lower = lower.baseAddress, let upper = upper.baseAddress, let weights = weights.baseAddress else {
            return
          }
          var column = 0
          while column + 4 <= count {
            let a = elements(source, lower + column)
            let b = elements(source, upper + column)
            let weight = UnsafeRawPointer(weights + column).loadUnaligned(as: SIMD4<Float>.self)
            let mixed = (a + (b - a) * weight).replacing(with: a, where: weight .== 0)
            UnsafeMutableRawPointer(target + column).storeBytes(of: mixed, as: SIMD4<Float>.self)
            column += 4
          }
          while column < count {
            let (a, b) = (source[Int(lower[column])], source[Int(upper[column])])
            target[column] = weights[column] == 0 ? a : a + (b - a) * weights[column]
            column += 1
          }
        }
      }
    }
  }

  /// Mixes an input row of pixels of several channels each to an output row of such.
  func mix(_ source: UnsafePointer<Float>, into target: UnsafeMutablePointer<Float>, channels: Int) {
    for column in 0..<count {
      ResizeLines.mix(
        source + Int(lower[column]) * channels, source + Int(upper[column]) * channels, weights[column],
        into: target + column * channels, count: channels)
    }
  }

  /// Repeats the nearest elements of an input row in an output row.
  func repeatNearest(_ source: UnsafePointer<Float>, into target: UnsafeMutablePointer<Float>) {
    let count = count
    var column = 0
    if isDoubled {
      while column + 8 <= count {
        let four = UnsafeRawPointer(source + column / 2).loadUnaligned(as: SIMD4<Float>.self)
        let doubled = SIMD8(four[0], four[0], four[1], four[1], four[2], four[2], four[3], four[3])
        UnsafeMutableRawPointer(target + column).storeBytes(of: doubled, as: SIMD8<Float>.self)
        column += 8
      }
    }
    lower.withUnsafeBufferPointer { lower in
      while column < count {
        target[column] = source[Int(lower[column])]
        column += 1
      }
    }
  }

  /// Repeats the nearest pixels of an input row in an output row.
  func repeatNearest(_ source: UnsafePointer<Float>, into target: UnsafeMutablePointer<Float>, channels: Int) {
    for column in 0..<count {
      (target + column * channels).update(from: source + Int(lower[column]) * channels, count: channels)
    }
  }

  /// Two runs of elements mixed by one weight. Where the second has no part nothing is computed with it.
  static func mix(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ weight: Float, into target: UnsafeMutablePointer<Float>,
    count: Int
  ) {
    if weight == 0 {
      target.update(from: a, count: count)
      return
    }
    var place = 0
    while place + 8 <= count {
      let left = UnsafeRawPointer(a + place).loadUnaligned(as: SIMD8<Float>.self)
      let right = UnsafeRawPointer(b + place).loadUnaligned(as: SIMD8<Float>.self)
      UnsafeMutableRawPointer(target + place).storeBytes(of: left + (right - left) * weight, as: SIMD8<Float>.self)
      place += 8
    }
    while place < count {
      target[place] = a[place] + (b[place] - a[place]) * weight
      place += 1
    }
  }

  @inline(__always)
  private func elements(_ source: UnsafePointer<Float>, _ places: UnsafePointer<Int32>) -> SIMD4<Float> {
    SIMD4(source[Int(places[0])], source[Int(places[1])], source[Int(places[2])], source[Int(places[3])])
  }
}
