/// Numbers about samples that a few outliers cannot move far.
public enum Statistics {
  /// The middle sample, or the mean of the two middle ones; nil when there is none.
  public static func median(_ samples: [Double]) -> Double? {
    guard !samples.isEmpty else { return nil }
    let sorted = samples.sorted()
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  }

  /// The median distance from the median times 1.4826, which for normal noise is its standard deviation; relative to the
  /// median. 0 for fewer than two samples.
  public static func relativeSpread(_ samples: [Double]) -> Double {
    guard samples.count > 1, let center = median(samples), center > 0,
      let deviation = median(samples.map { ($0 - center).magnitude })
    else { return 0 }
    return 1.4826 * deviation / center
  }

  /// A confidence interval of the median from order statistics: whatever the distribution, the true median lies between
  /// these two samples with at least the given probability (David and Nagaraja, "Order Statistics", section 7.1).
  ///
  /// Nil when there are too few samples for that: fewer than 6 for 95 %.
  public static func medianInterval(_ samples: [Double], confidence: Double = 0.95) -> ClosedRange<Double>? {
    let count = samples.count
    guard count > 1 else { return nil }
    let sorted = samples.sorted()
    // The largest rank r with 2 · P(Binomial(count, 1/2) < r) ≤ 1 − confidence.
    var probability = 1.0
    for _ in 0..<count { probability /= 2 }
    var tail = 0.0
    var rank = 0
    var term = probability
    while rank < count / 2, 2 * (tail + term) <= 1 - confidence {
      tail += term
      term *= Double(count - rank) / Double(rank + 1)
      rank += 1
    }
    guard rank > 0 else { return nil }
    return sorted[rank - 1]...sorted[count - rank]
  }
}
