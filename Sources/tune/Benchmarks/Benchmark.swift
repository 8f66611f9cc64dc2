import ArgumentParser

/// `tune benchmark`: how good the tuner itself is, measured here.
struct Benchmark: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure the tuner itself: its search, predictions, stability and online choice.",
    subcommands: [SearchQuality.self, PredictionQuality.self, Stability.self, OnlineChoice.self])
}
