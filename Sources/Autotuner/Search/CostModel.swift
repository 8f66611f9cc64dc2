public import LayerKernels
import RealModule
public import TuningDatabase

/// Guesses which candidates of a problem are fast, from what this host's own samples say of similar ones.
///
/// A candidate's efficiency, work over time, is the mean of the efficiencies of the same kernel's samples, each weighted by
/// exp(−2·distance): the distance of the problems, as the database defines it, plus that of the configurations, |ln a/b| summed over
/// their numbers. What the kernel's author expects stands as one sample far away, so that a host without samples has the
/// author's order. Work is the arithmetic plus an element's worth for every activation, so that movements cost, too: the roofline's
/// two sides in one number.
public struct CostModel: Sendable {
  private struct Sample: Sendable {
    let key: TuningEntry.Key
    let features: ProblemFeatures?
    let configuration: KernelConfiguration
    let logarithm: Double
  }

  private var samples: [KernelIdentifier: [Sample]] = [:]
  private let threads: Int

  /// How much the author's expectation weighs beside samples.
  static let priorWeight = 0.02
  /// What a kernel of efficiency 1 is guessed to do, in operations a nanosecond, before anything was sampled.
  static let priorPeak = 100.0

  /// A model of nothing but the authors' expectations.
  public init(threads: Int) { self.threads = threads }

  /// Learns the times of an entry, whose problem is given beside it.
  public mutating func learn(_ entry: TuningEntry, of problem: any LayerProblem) {
    let features = ProblemFeatures(entry.key)
    for record in entry.candidates {
      guard let time = record.time?.medianNanoseconds, time > 0 else { continue }
      samples[record.kernel, default: []].append(
        Sample(
          key: entry.key, features: features, configuration: record.configuration,
          logarithm: .log(Self.work(of: problem) / time)))
    }
  }

  /// The nanoseconds that a candidate is guessed to take.
  ///
  /// - Parameters:
  ///   - expected: the fraction of peak that the kernel's author expects.
  ///   - rank: the candidate's position among the kernel's own, its best guess first.
  public func predictedTime(of candidate: Candidate, expected: Double, rank: Int) -> Double {
    let key = TuningEntry.Key(problem: candidate.problem.key, threads: threads)
    let features = ProblemFeatures(key)
    var weights = Self.priorWeight
    // A hundredth a position keeps the author's order where nothing else is known.
    var sum = weights * .log(max(expected, 1e-4) * Self.priorPeak * (1 - 0.01 * Double(min(rank, 50))))
    for sample in samples[candidate.kernel] ?? [] {
      guard let apart = Self.distance(key, features, sample) else { continue }
      let weight = Double.exp(-2 * (apart + Self.distance(candidate.configuration, sample.configuration)))
      weights += weight
      sum += weight * sample.logarithm
    }
    return Self.work(of: candidate.problem) / .exp(sum / weights)
  }

  /// The exact candidates of a problem, those guessed to be fastest first.
  public func order(_ answers: [KernelAnswer]) -> [Candidate] {
    let guesses = answers.flatMap { answer in
      answer.candidates.enumerated().filter { !$0.element.errorClass.isApproximate }.map { rank, candidate in
        (candidate, predictedTime(of: candidate, expected: answer.expectedEfficiency, rank: rank))
      }
    }
    return guesses.enumerated().sorted { ($0.element.1, $0.offset) < ($1.element.1, $1.offset) }.map(\.element.0)
  }

  private static func work(of problem: any LayerProblem) -> Double {
    Double(problem.operationCount.flopsWithBias + problem.activationElementCount)
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
