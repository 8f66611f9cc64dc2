import Autotuner
import LayerKernels
import Testing

@Suite("Choosing for a whole network")
struct AssignmentProblemTests {
  /// Every assignment, tried.
  func exhaustive(_ counts: [Int], _ problem: AssignmentProblem) -> Double {
    var best = Double.infinity
    for combination in 0..<counts.reduce(1, *) {
      var rest = combination
      let options = counts.map { count in
        defer { rest /= count }
        return rest % count
      }
      best = min(best, problem.cost(of: options))
    }
    return best
  }

  func matrix(_ rows: Int, _ columns: Int, _ random: inout RandomSource) -> [[Double]] {
    (0..<rows).map { _ in (0..<columns).map { _ in Double(random.next() % 100) } }
  }

  @Test("Chains with skips, which are series-parallel, are solved exactly", arguments: UInt64(0)..<50)
  func seriesParallel(seed: UInt64) {
    var random = RandomSource(seed: seed)
    let counts = (0..<7).map { _ in Int(random.next() % 3) + 1 }
    var problem = AssignmentProblem(costs: counts.map { count in (0..<count).map { _ in Double(random.next() % 100) } })
    for node in 1..<7 { problem.addCosts(node - 1, node, matrix(counts[node - 1], counts[node], &random)) }
    // Residual connections around two layers each, apart from each other.
    problem.addCosts(2, 0, matrix(counts[2], counts[0], &random))
    problem.addCosts(3, 6, matrix(counts[3], counts[6], &random))
    let solution = problem.solve()
    #expect(solution.isOptimal)
    #expect(solution.cost == exhaustive(counts, problem))
  }

  @Test("A complete graph is solved validly, never below the optimum, and says that it may not be optimal")
  func complete() {
    var random = RandomSource(seed: 7)
    var optimal = 0
    for _ in 0..<50 {
      let counts = [3, 2, 3, 2, 3]
      var problem = AssignmentProblem(
        costs: counts.map { count in (0..<count).map { _ in Double(random.next() % 100) } })
      for first in 0..<5 {
        for second in (first + 1)..<5 {
          problem.addCosts(first, second, matrix(counts[first], counts[second], &random))
        }
      }
      let solution = problem.solve()
      #expect(!solution.isOptimal)
      let best = exhaustive(counts, problem)
      #expect(solution.cost >= best)
      if solution.cost == best { optimal += 1 }
    }
    #expect(optimal > 20)
  }

  @Test("Costs added in either order of the nodes count alike")
  func symmetry() {
    var forward = AssignmentProblem(costs: [[0, 0], [0, 0, 0]])
    var backward = forward
    forward.addCosts(0, 1, [[5, 1, 4], [2, 9, 0]])
    backward.addCosts(1, 0, [[5, 2], [1, 9], [4, 0]])
    #expect(forward.solve() == backward.solve())
    #expect(forward.solve().options == [1, 2])
  }
}
