import Metrics
import Synchronization

/// Keeps what is measured through swift-metrics, and writes it as Prometheus reads it.
package final class PrometheusMetrics: MetricsFactory {
  private enum Kind: String { case counter, gauge, histogram }

  private struct Series: Hashable {
    let name: String
    let labels: String
  }

  /// The bounds of a duration's buckets, in seconds.
  static let seconds = [
    0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
  ]
  /// The bounds of a count's buckets.
  static let counts: [Double] = [1, 2, 4, 8, 16, 32, 64, 128]

  private struct State {
    var kinds: [String: Kind] = [:]
    var counters: [Series: Count] = [:]
    var gauges: [Series: Level] = [:]
    var histograms: [Series: Histogram] = [:]
  }

  private let state = Mutex(State())

  package init() {}

  // MARK: What swift-metrics asks for

  package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
    make(label, dimensions, .counter, \.counters) { Count() }
  }

  package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
    make(label, dimensions, .gauge, \.gauges) { Level() }
  }

  package func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
    guard aggregate else { return make(label, dimensions, .gauge, \.gauges) { Level() } }
    return make(label, dimensions, .histogram, \.histograms) { Histogram(bounds: Self.counts) }
  }

  package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
    make(label, dimensions, .histogram, \.histograms) { Histogram(bounds: Self.seconds) }
  }

  // A scraper wants what has ended, too: series stay until the process ends.
  package func destroyCounter(_ handler: any CounterHandler) {}
  package func destroyMeter(_ handler: any MeterHandler) {}
  package func destroyRecorder(_ handler: any RecorderHandler) {}
  package func destroyTimer(_ handler: any TimerHandler) {}

  private func make<Handler>(
    _ label: String, _ dimensions: [(String, String)], _ kind: Kind,
    _ place: WritableKeyPath<State, [Series: Handler]> & Sendable, _ new: () -> Handler
  ) -> Handler where Handler: Sendable {
    let series = Series(name: Self.name(label), labels: Self.labels(dimensions))
    return state.withLock { state in
      if let known = state[keyPath: place][series] { return known }
      let handler = new()
      state[keyPath: place][series] = handler
      state.kinds[series.name] = kind
      return handler
    }
  }

  // MARK: Text

  /// All series, in Prometheus' text form 0.0.4.
  package var text: String {
    state.withLock { state in
      var lines: [String: [String]] = [:]
      for (series, count) in state.counters {
        lines[series.name, default: []].append("\(series.name)\(Self.braces(series.labels)) \(count.value)")
      }
      for (series, level) in state.gauges {
        lines[series.name, default: []].append(
          "\(series.name)\(Self.braces(series.labels)) \(Self.number(level.value))")
      }
      for (series, histogram) in state.histograms {
        lines[series.name, default: []].append(histogram.text(name: series.name, labels: series.labels))
      }
      return lines.sorted { $0.key < $1.key }.map { name, lines in
        "# TYPE \(name) \(state.kinds[name]?.rawValue ?? "untyped")\n" + lines.sorted().joined(separator: "\n") + "\n"
      }.joined()
    }
  }

  fileprivate static func braces(_ labels: String) -> String { labels.isEmpty ? "" : "{\(labels)}" }

  fileprivate static func number(_ value: Double) -> String {
    value == value.rounded() && value.magnitude < 1e15 ? "\(Int(value))" : "\(value)"
  }

  private static func name(_ label: String) -> String {
    String(
      label.unicodeScalars.map {
        $0.isASCII && ($0.properties.isAlphabetic || ("0"..."9").contains($0)) ? Character($0) : "_"
      })
  }

  private static func labels(_ dimensions: [(String, String)]) -> String {
    dimensions.map { label, value in
      let escaped = value.map { character in
        switch character {
        case "\\": "\\\\"
        case "\"": "\\\""
        case "\n": "\\n"
        default: String(character)
        }
      }
      return "\(name(label))=\"\(escaped.joined())\""
    }.joined(separator: ",")
  }
}

/// A number that only grows.
private final class Count: CounterHandler {
  private let total = Atomic<Int64>(0)
  var value: Int64 { total.load(ordering: .relaxed) }
  func increment(by amount: Int64) { total.wrappingAdd(amount, ordering: .relaxed) }
  func reset() { total.store(0, ordering: .relaxed) }
}

/// A number that goes up and down.
private final class Level: MeterHandler, RecorderHandler {
  private let level = Mutex(0.0)
  var value: Double { level.withLock { $0 } }
  func set(_ value: Int64) { set(Double(value)) }
  func set(_ value: Double) { level.withLock { $0 = value } }
  func increment(by amount: Double) { level.withLock { $0 += amount } }
  func decrement(by amount: Double) { level.withLock { $0 -= amount } }
  func record(_ value: Int64) { set(Double(value)) }
  func record(_ value: Double) { set(value) }
}

/// How often values were up to which bound.
private final class Histogram: RecorderHandler, TimerHandler {
  private struct State {
    var counts: [Int]
    var sum = 0.0
  }

  private let bounds: [Double]
  private let state: Mutex<State>

  init(bounds: [Double]) {
    self.bounds = bounds
    state = Mutex(State(counts: [Int](repeating: 0, count: bounds.count + 1)))
  }

  func record(_ value: Int64) { record(Double(value)) }

  func record(_ value: Double) {
    let bucket = bounds.firstIndex { value <= $0 } ?? bounds.count
    state.withLock {
      $0.counts[bucket] += 1
      $0.sum += value
    }
  }

  func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }

  func text(name: String, labels: String) -> String {
    let (counts, sum) = state.withLock { ($0.counts, $0.sum) }
    let before = labels.isEmpty ? "" : labels + ","
    var lines: [String] = []
    var total = 0
    for (bound, count) in zip(bounds.map { PrometheusMetrics.number($0) } + ["+Inf"], counts) {
      total += count
      lines.append("\(name)_bucket{\(before)le=\"\(bound)\"} \(total)")
    }
    lines.append("\(name)_sum\(PrometheusMetrics.braces(labels)) \(sum)")
    lines.append("\(name)_count\(PrometheusMetrics.braces(labels)) \(total)")
    return lines.joined(separator: "\n")
  }
}
