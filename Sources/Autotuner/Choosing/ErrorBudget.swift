/// Spends an error on what buys most time: a knapsack in which every layer takes at most one of its options.
public struct ErrorBudget {
  /// What a layer could run as instead of its exact choice.
  public struct Option: Hashable, Sendable {
    /// What it saves, in nanoseconds.
    public let saving: Double
    /// What it adds to the network's error.
    public let error: Double

    /// An option.
    public init(saving: Double, error: Double) {
      self.saving = saving
      self.error = error
    }
  }

  /// How finely the budget is divided. Errors are rounded up to a part, so the budget is never exceeded.
  static let parts = 400

  /// The options that save most within the budget, errors added up.
  ///
  /// Exact but for the rounding of errors, by dynamic programming over layers and parts of the budget (multiple-choice
  /// knapsack: Kellerer, Pferschy and Pisinger, "Knapsack Problems", 2004, chapter 11).
  ///
  /// - Parameters:
  ///   - budget: the largest sum of the errors that are taken; none is where it is 0.
  ///   - layers: each layer's options.
  /// - Returns: for each layer the option's position, nil for the exact choice.
  public static func spend(_ budget: Double, on layers: [[Option]]) -> [Int?] {
    guard budget > 0 else { return layers.map { _ in nil } }
    var best = [Double](repeating: 0, count: parts + 1)
    var taken: [[Int?]] = []
    for options in layers {
      var next = best
      var choice = [Int?](repeating: nil, count: parts + 1)
      for (index, option) in options.enumerated() where option.saving > 0 && option.error >= 0 && option.error <= budget
      {
        let cost = Int((option.error / budget * Double(parts)).rounded(.up))
        guard cost <= parts else { continue }
        for room in cost...parts where best[room - cost] + option.saving > next[room] {
          next[room] = best[room - cost] + option.saving
          choice[room] = index
        }
      }
      best = next
      taken.append(choice)
    }
    var room = parts
    var result = [Int?](repeating: nil, count: layers.count)
    for layer in layers.indices.reversed() {
      guard let index = taken[layer][room] else { continue }
      result[layer] = index
      room -= Int((layers[layer][index].error / budget * Double(parts)).rounded(.up))
    }
    return result
  }
}
