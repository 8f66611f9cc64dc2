/// How pixels between pixels are found.
public enum ResamplingFilter: String, Hashable, Sendable, CaseIterable {
  /// Linear between the two nearest pixels on each axis, with centres half a pixel in: OpenCV's `INTER_LINEAR`.
  ///
  /// Shrinking to less than half skips pixels.
  case bilinear
  /// As ``bilinear`` when enlarging; when shrinking, the triangle is as wide as the pixels that it stands for, so that
  /// every pixel counts: Pillow's `BILINEAR`, to the bit (that of Pillow 10, which always goes along the rows first).
  case areaBilinear
}

/// Which source pixels make each target pixel along one axis, and with what weights.
///
/// The weights are fixed-point numbers, so that a picture is the same on every machine.
struct ResamplingAxis {
  /// The first source pixel of each target pixel; they never decrease.
  private(set) var starts: [Int] = []
  /// How many source pixels each target pixel has, at most ``tapCount``.
  private(set) var counts: [Int] = []
  /// ``tapCount`` weights for each target pixel.
  private(set) var weights: [Int32] = []
  /// The most source pixels of a target pixel.
  let tapCount: Int
  /// A weight of 1 is 1 << fractionBits.
  let fractionBits: Int32

  /// The weights of a range of the target's pixels.
  ///
  /// - Parameters:
  ///   - source: the source's pixels along the axis, at least 1.
  ///   - target: the target's pixels along the axis, at least 1.
  init(source: Int, target: Int, range: Range<Int>, filter: ResamplingFilter) {
    let scale = Double(source) / Double(target)
    switch filter {
    case .bilinear:
      fractionBits = 11
      tapCount = min(2, source)
      reserve(range.count)
      for index in range {
        let center = (Double(index) + 0.5) * scale - 0.5
        let position = min(max(center, 0), Double(source - 1))
        let start = min(Int(position), source - tapCount)
        appendBilinear(start: start, fraction: position - Double(start))
      }
    case .areaBilinear:
      fractionBits = 22
      let support = max(scale, 1)
      tapCount = min(Int(support.rounded(.up)) * 2 + 1, source)
      reserve(range.count)
      for index in range {
        // As in Pillow's Resample.c, so that results are equal to the bit.
        let center = (Double(index) + 0.5) * scale
        let start = max(Int(center - support + 0.5), 0)
        let end = min(Int(center + support + 0.5), source)
        appendTriangle(start: start, end: end, center: center, support: support)
      }
    }
  }

  private mutating func reserve(_ count: Int) {
    starts.reserveCapacity(count)
    counts.reserveCapacity(count)
    weights.reserveCapacity(count * tapCount)
  }

  private mutating func appendBilinear(start: Int, fraction: Double) {
    let one = 1 << fractionBits
    let second = Int32((fraction * Double(one)).rounded())
    starts.append(start)
    counts.append(tapCount)
    weights.append(tapCount == 1 ? Int32(one) : Int32(one) - second)
    if tapCount == 2 { weights.append(second) }
  }

  private mutating func appendTriangle(start: Int, end: Int, center: Double, support: Double) {
    func height(_ pixel: Int) -> Double {
      max(1 - abs((Double(pixel) - center + 0.5) * (1 / support)), 0)
    }
    let count = min(end - start, tapCount)
    var sum = 0.0
    for pixel in start..<start + count { sum += height(pixel) }
    starts.append(start)
    counts.append(count)
    for pixel in start..<start + count {
      weights.append(Int32(0.5 + height(pixel) * (1 / sum) * Double(1 << fractionBits)))
    }
    for _ in count..<tapCount { weights.append(0) }
  }
}
