/// A partitioned Boolean quadratic problem (PBQP): each node takes one of its options, options cost, and so does each pair of
/// options of neighbours; the sum is to be least.
///
/// This is how a whole network's kernels are chosen together (Anderson and Gregg, "Optimal DNN primitive selection with
/// partitioned boolean quadratic programming", CGO 2018): options are candidates, and a pair costs the layout conversion
/// between them. Chains and series-parallel graphs are solved exactly by the reductions R0, R1 and R2 (Scholz and Eckstein,
/// "Register allocation for irregular architectures", LCTES 2002); other graphs by fixing the node of the most neighbours
/// to its locally best option (RN) whenever no reduction applies.
public struct AssignmentProblem {
  private var costs: [[Double]]
  /// Pair costs by the smaller and the larger node: rows are the smaller node's options.
  private var edges: [Edge: [[Double]]] = [:]
  private var neighbours: [Set<Int>]

  private struct Edge: Hashable {
    let low: Int
    let high: Int
  }

  /// A solution.
  public struct Solution: Hashable, Sendable {
    /// For each node the option that it takes.
    public let options: [Int]
    /// The sum of all costs.
    public let cost: Double
    /// Whether no other assignment costs less; false when a node had to be fixed by the local rule.
    public let isOptimal: Bool
  }

  /// A problem of nodes with the given option costs; each node has at least one option.
  public init(costs: [[Double]]) {
    self.costs = costs.map { $0.isEmpty ? [0] : $0 }
    neighbours = Array(repeating: [], count: costs.count)
  }

  /// Adds the costs of pairs: `matrix[i][j]` for option i of `first` and option j of `second`, which differ.
  public mutating func addCosts(_ first: Int, _ second: Int, _ matrix: [[Double]]) {
    guard first != second else { return }
    let flips = first > second
    let edge = Edge(low: min(first, second), high: max(first, second))
    let rows = costs[edge.low].count
    let columns = costs[edge.high].count
    var sum = edges[edge] ?? Array(repeating: Array(repeating: 0, count: columns), count: rows)
    for row in 0..<rows {
      for column in 0..<columns { sum[row][column] += flips ? matrix[column][row] : matrix[row][column] }
    }
    edges[edge] = sum
    neighbours[first].insert(second)
    neighbours[second].insert(first)
  }

  /// The cost of an assignment.
  public func cost(of options: [Int]) -> Double {
    let nodes = costs.indices.reduce(0.0) { $0 + costs[$1][options[$1]] }
    return edges.reduce(nodes) { $0 + $1.value[options[$1.key.low]][options[$1.key.high]] }
  }

  /// The cheapest assignment; of equals the one whose options come first.
  public func solve() -> Solution {
    var reduced = self
    var removed: [Removal] = []
    var live = Set(costs.indices)
    var isOptimal = true
    while !live.isEmpty {
      // The order is fixed, so that equal problems get equal solutions.
      let node = live.min { (reduced.neighbours[$0].count, $0) < (reduced.neighbours[$1].count, $1) } ?? 0
      if reduced.neighbours[node].count <= 2 {
        removed.append(reduced.remove(node))
        live.remove(node)
      } else {
        let crowded = live.max { (reduced.neighbours[$0].count, $1) < (reduced.neighbours[$1].count, $0) } ?? node
        removed.append(reduced.fix(crowded))
        live.remove(crowded)
        isOptimal = false
      }
    }
    var options = Array(repeating: 0, count: costs.count)
    for removal in removed.reversed() { options[removal.node] = removal.choice(options) }
    return Solution(options: options, cost: cost(of: options), isOptimal: isOptimal)
  }

  // MARK: Reductions

  /// A node taken out, and how its option follows from those of the neighbours that it had.
  private struct Removal {
    let node: Int
    let neighbours: [Int]
    /// The best option for each combination of the neighbours' options, the last neighbour's counting fastest.
    let best: [Int]
    let counts: [Int]

    func choice(_ options: [Int]) -> Int {
      var index = 0
      for (neighbour, count) in zip(neighbours, counts) { index = index * count + options[neighbour] }
      return best[index]
    }
  }

  private func pair(_ node: Int, _ option: Int, _ other: Int, _ otherOption: Int) -> Double {
    let matrix = edges[Edge(low: min(node, other), high: max(node, other))]
    return (node < other ? matrix?[option][otherOption] : matrix?[otherOption][option]) ?? 0
  }

  /// R0, R1 and R2: a node of at most two neighbours leaves; its best answer becomes a cost of theirs.
  private mutating func remove(_ node: Int) -> Removal {
    let around = neighbours[node].sorted()
    let counts = around.map { costs[$0].count }
    var best: [Int] = []
    var answers: [Double] = []
    for combination in 0..<counts.reduce(1, *) {
      var options: [Int] = []
      var rest = combination
      for count in counts.reversed() {
        options.insert(rest % count, at: 0)
        rest /= count
      }
      var winner = (option: 0, cost: Double.infinity)
      for option in costs[node].indices {
        let cost = zip(around, options).reduce(costs[node][option]) { $0 + pair(node, option, $1.0, $1.1) }
        if cost < winner.cost { winner = (option, cost) }
      }
      best.append(winner.option)
      answers.append(winner.cost)
    }
    disconnect(node)
    switch around.count {
    case 1: for option in 0..<counts[0] { costs[around[0]][option] += answers[option] }
    case 2:
      let columns = counts[1]
      addCosts(
        around[0], around[1],
        (0..<counts[0]).map { row in Array(answers[(row * columns)..<((row + 1) * columns)]) })
    default: break
    }
    return Removal(node: node, neighbours: around, best: best, counts: counts)
  }

  /// RN: a node takes the option that is best if every neighbour then answers as it likes.
  private mutating func fix(_ node: Int) -> Removal {
    let around = neighbours[node].sorted()
    var winner = (option: 0, cost: Double.infinity)
    for option in costs[node].indices {
      let cost = around.reduce(costs[node][option]) { sum, other in
        sum + (costs[other].indices.map { costs[other][$0] + pair(node, option, other, $0) }.min() ?? 0)
      }
      if cost < winner.cost { winner = (option, cost) }
    }
    for other in around {
      for option in costs[other].indices { costs[other][option] += pair(node, winner.option, other, option) }
    }
    disconnect(node)
    return Removal(node: node, neighbours: [], best: [winner.option], counts: [])
  }

  private mutating func disconnect(_ node: Int) {
    for other in neighbours[node] {
      neighbours[other].remove(node)
      edges[Edge(low: min(node, other), high: max(node, other))] = nil
    }
    neighbours[node] = []
  }
}
