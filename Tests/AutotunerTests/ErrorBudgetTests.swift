import Autotuner
import Testing

@Suite("An error budget is spent where it buys most time")
struct ErrorBudgetTests {
  typealias Option = ErrorBudget.Option

  @Test("Of two layers that each cost the whole budget the one that saves more is taken")
  func either() {
    let layers = [[Option(saving: 5, error: 0.1)], [Option(saving: 7, error: 0.1)]]
    #expect(ErrorBudget.spend(0.1, on: layers) == [nil, 0])
    #expect(ErrorBudget.spend(0.2, on: layers) == [0, 0])
    #expect(ErrorBudget.spend(0.09, on: layers) == [nil, nil])
    #expect(ErrorBudget.spend(0, on: layers) == [nil, nil])
  }

  @Test("Greed by saving or by ratio would lose: the best pair is found")
  func knapsack() {
    let layers = [
      [Option(saving: 10, error: 0.06), Option(saving: 6, error: 0.03)], [Option(saving: 9, error: 0.05)],
      [Option(saving: 4, error: 0.02)],
    ]
    // 6 + 9 + 4 within 0.10 beats 10 + 4 within 0.08.
    #expect(ErrorBudget.spend(0.1, on: layers) == [1, 0, 0])
  }

  @Test("No spending beats every other by trying all, and none exceeds its budget", arguments: 1...20)
  func exhaustive(seed: UInt64) {
    var state = seed &* 0x9E37_79B9_7F4A_7C15
    func next() -> Double {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Double(state >> 33) / Double(1 << 31)
    }
    let layers = (0..<5).map { _ in (0..<3).map { _ in Option(saving: next() * 10, error: next() * 0.1) } }
    let budget = 0.15
    func value(_ choice: [Int?]) -> (saving: Double, error: Double) {
      zip(layers, choice).reduce((0, 0)) { sum, pair in
        guard let index = pair.1 else { return sum }
        return (sum.0 + pair.0[index].saving, sum.1 + pair.0[index].error)
      }
    }
    let found = value(ErrorBudget.spend(budget, on: layers))
    #expect(found.error <= budget)
    var best = 0.0
    for code in 0..<1024 {
      let choice = (0..<5).map { layer -> Int? in
        let digit = code >> (2 * layer) & 3
        return digit == 3 ? nil : digit
      }
      let other = value(choice)
      // What rounding errors up to a four-hundredth of the budget may cost is left out of the comparison.
      if other.error <= budget * (1 - 5.0 / 400) { best = max(best, other.saving) }
    }
    #expect(found.saving >= best - 1e-9)
  }
}
