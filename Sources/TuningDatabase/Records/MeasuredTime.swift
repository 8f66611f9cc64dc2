/// What timing one candidate gave: a median with a robust spread, and raw samples to check both by. All in nanoseconds.
public struct MeasuredTime: Hashable, Sendable {
  /// The median of the samples.
  public let medianNanoseconds: Double
  /// 1.4826 · the median absolute deviation from the median: the standard deviation if the noise were normal.
  public let spreadNanoseconds: Double
  /// The smallest sample.
  public let minimumNanoseconds: Double
  /// How many samples the three figures come from.
  public let sampleCount: Int
  /// Raw samples in the order in which they were taken; at most ``maximumSampleCount``.
  public let samples: [Double]

  /// The most raw samples that are kept.
  public static let maximumSampleCount = 48

  /// The longest time that is believed, in nanoseconds: about eleven days.
  public static let maximumNanoseconds = 1e15

  /// Sums samples up; nil when there is none that is a time: a clock may lie, and what is negative, not finite or beyond
  /// ``maximumNanoseconds`` is left out.
  ///
  /// Times are rounded to tenths of a nanosecond. Of more samples than are kept, evenly spaced ones are.
  public init?(samples: [Double]) {
    let times = samples.filter { $0 >= 0 && $0 <= Self.maximumNanoseconds }.map(Self.rounded)
    guard let minimum = times.min() else { return nil }
    let median = Self.median(of: times)
    let deviation = Self.median(of: times.map { abs($0 - median) })
    let kept = min(times.count, Self.maximumSampleCount)
    self.init(
      uncheckedMedian: Self.rounded(median), spread: Self.rounded(1.4826 * deviation), minimum: minimum,
      sampleCount: times.count, samples: (0..<kept).map { times[$0 * times.count / kept] })
  }

  init(uncheckedMedian median: Double, spread: Double, minimum: Double, sampleCount: Int, samples: [Double]) {
    medianNanoseconds = median
    spreadNanoseconds = spread
    minimumNanoseconds = minimum
    self.sampleCount = sampleCount
    self.samples = samples
  }

  /// The spread over the median; 0 for a median of 0.
  public var relativeSpread: Double { medianNanoseconds > 0 ? spreadNanoseconds / medianNanoseconds : 0 }

  /// The standard error of the median, √(π/2) · spread / √n: how far another median of as many samples may lie.
  public var standardError: Double { 1.2533 * spreadNanoseconds / Double(max(sampleCount, 1)).squareRoot() }

  /// The same figures without raw samples, as deployments take them.
  public func withoutSamples() -> MeasuredTime {
    MeasuredTime(
      uncheckedMedian: medianNanoseconds, spread: spreadNanoseconds, minimum: minimumNanoseconds,
      sampleCount: sampleCount, samples: [])
  }

  private static func rounded(_ time: Double) -> Double { (time * 10).rounded() / 10 }

  private static func median(of values: [Double]) -> Double {
    let sorted = values.sorted()
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  }
}
