public import HostPlatform
public import LayerKernels
import RealModule
public import TuningDatabase

/// Guesses which candidates of a problem are fast, from what this host's own samples say of similar ones.
///
/// A problem has a least time by the roofline: its arithmetic at the peak, or its operands at the bandwidth of the cache that
/// they fit, whichever is longer. A candidate's efficiency, the least time over its own, is the mean of the efficiencies of the same
/// kernel's samples, each weighted by exp(−2·distance): the distance of the problems, as the database defines it, plus that of the
/// configurations, |ln a/b| summed over their numbers. What the kernel's author expects stands as one sample far away, so
/// that a host without samples has the author's order.
public struct CostModel: Sendable {
  private struct Sample: Sendable {
    let key: TuningEntry.Key
    let features: ProblemFeatures?
    let configuration: KernelConfiguration
    let logarithm: Double
  }

  private var samples: [KernelIdentifier: [Sample]] = [:]
  private let threads: Int
  private let caches: CacheHierarchy

  /// How much the author's expectation weighs beside samples.
  static let priorWeight = 0.02
  /// What a kernel of efficiency 1 is guessed to do, in operations a nanosecond. Only ratios matter: a faster or slower host
  /// has other efficiencies, but the same order.
  static let peak = 100.0
  /// Bytes a nanosecond from the second and third cache and from memory, about as far apart as on today's machines.
  static let bandwidths = (second: 60.0, third: 20.0, memory: 8.0)

  /// A model of nothing but the authors' expectations.
  public init(threads: Int, caches: CacheHierarchy = Processor.current.caches) {
    self.threads = threads
    self.caches = caches
  }

  /// Learns the times of an entry, whose problem is given beside it, in place of what it knew of it.
  public mutating func learn(_ entry: TuningEntry, of problem: any LayerProblem) {
    let features = ProblemFeatures(entry.key)
    for kernel in Set(entry.candidates.map(\.kernel)) { samples[kernel]?.removeAll { $0.key == entry.key } }
    let least = leastTime(of: problem)
    for record in entry.candidates {
      guard let time = record.time?.medianNanoseconds, time > 0 else { continue }
      samples[record.kernel, default: []].append(
        Sample(
          key: entry.key, features: features, configuration: record.configuration,
          logarithm: .log(least / time)))
    }
  }

  /// The nanoseconds that a candidate is guessed to take.
  ///
  /// - Parameters:
  ///   - candidate: one of the problem's candidates; it need not have been timed.
  ///   - expected: the fraction of peak that the kernel's author expects.
  ///   - rank: the candidate's position among the kernel's own, its best guess first.
  public func predictedTime(of candidate: Candidate, expected: Double, rank: Int) -> Double {
    let key = TuningEntry.Key(problem: candidate.problem.key, threads: threads)
    let features = ProblemFeatures(key)
    var weights = Self.priorWeight
    // A hundredth a position keeps the author's order where nothing else is known.
    var sum = weights * .log(max(expected, 1e-4) * (1 - 0.01 * Double(min(rank, 50))))
    for sample in samples[candidate.kernel] ?? [] {
      guard let apart = Self.distance(key, features, sample) else { continue }
      let weight = Double.exp(-2 * (apart + Self.distance(candidate.configuration, sample.configuration)))
      weights += weight
      sum += weight * sample.logarithm
    }
    return leastTime(of: candidate.problem) / .exp(sum / weights)
  }

  /// The exact candidates of a problem, those guessed to be fastest first.
  ///
  /// - Parameters:
  ///   - answers: what the kernels offer.
  ///   - further: what they offer to a thorough search.
  public func order(_ answers: [KernelAnswer], further: [Candidate] = []) -> [Candidate] {
    let efficiencies = Dictionary(answers.map { ($0.kernel, $0.expectedEfficiency) }, uniquingKeysWith: { $1 })
    let offered = answers.flatMap { answer in answer.candidates.enumerated().map { (rank: $0, candidate: $1) } }
    let all = offered + further.map { (rank: 50, candidate: $0) }
    let guesses = all.filter { !$0.candidate.errorClass.isApproximate }.map { rank, candidate in
      (candidate, predictedTime(of: candidate, expected: efficiencies[candidate.kernel] ?? 0.5, rank: rank))
    }
    return guesses.enumerated().sorted { ($0.element.1, $0.offset) < ($1.element.1, $1.offset) }.map(\.element.0)
  }

  /// The least nanoseconds that a problem could take, by the roofline.
  func leastTime(of problem: any LayerProblem) -> Double {
    let bytes = Double(problem.memoryAccessCost * MemoryLayout<Float>.stride)
    let bandwidth =
      bytes <= Double(caches.l2.byteCount) / 2
      ? Self.bandwidths.second
      : bytes <= Double(caches.l3?.byteCount ?? 0) / 2 ? Self.bandwidths.third : Self.bandwidths.memory
    return max(Double(problem.operationCount.flopsWithBias) / Self.peak, bytes / bandwidth, 1)
  }

  private static func distance(
    _ key: TuningEntry.Key, _ features: ProblemFeatures?, _ sample: Sample
  ) -> Double? {
    if key == sample.key { return 0 }
    guard let features, let other = sample.features else { return nil }
    return features.distance(to: other)
  }

  static func distance(_ left: KernelConfiguration, _ right: KernelConfiguration) -> Double {
    Set(left.values.keys).union(right.values.keys).reduce(0) { sum, name in
      let (a, b) = (Double(max(left.values[name] ?? 0, 0)), Double(max(right.values[name] ?? 0, 0)))
      return sum + Double.log((a + 1) / (b + 1)).magnitude
    }
  }
}
