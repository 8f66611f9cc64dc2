public import LayerKernels
public import Network

/// Chooses a candidate for every layer of a network together: the sum of the layers' times and of the conversions between
/// their layouts is to be least.
///
/// A value that a channel movement makes has to be a plane list, one that any other movement makes is row-major; such values
/// are nodes of the assignment problem with a single option. A conversion that two readers share is counted for each, which
/// errs on the side of agreement; the end-to-end measurement has the last word.
public struct NetworkSelection {
  /// What a layer could run as: the fastest candidate of one combination of layouts.
  public struct Option: Sendable {
    /// The kernel and its configuration.
    public let candidate: Candidate
    /// Its time, in nanoseconds.
    public let time: Double
    /// How many threads share it; nil for all of the network's.
    public let threads: Int?

    /// An option.
    public init(candidate: Candidate, time: Double, threads: Int? = nil) {
      self.candidate = candidate
      self.time = time
      self.threads = threads
    }
  }

  /// The choice for the whole network.
  public struct Result: Sendable {
    /// For each layer's node its option.
    public let choices: [String: Option]
    /// The sum of layers and conversions, in nanoseconds.
    public let predictedTime: Double
    /// Whether no other choice has a lower sum.
    public let isOptimal: Bool
  }

  /// The options of a layer, in the order in which ties are broken.
  public let options: (_ problem: any LayerProblem) -> [Option]
  /// What a conversion costs, in nanoseconds.
  public let conversionTime: (_ shape: TensorShape, _ from: TensorLayout, _ to: TensorLayout) -> Double

  /// A selection by the given times.
  public init(
    options: @escaping (_ problem: any LayerProblem) -> [Option],
    conversionTime: @escaping (_ shape: TensorShape, _ from: TensorLayout, _ to: TensorLayout) -> Double
  ) {
    self.options = options
    self.conversionTime = conversionTime
  }

  /// One node of the assignment problem.
  private struct Site {
    /// The layouts that it reads, for each option and input.
    let reads: [[TensorLayout]]
    /// The layout that it writes, for each option.
    let writes: [TensorLayout]
    let costs: [Double]
  }

  /// The choice for a graph as the passes left it.
  public func select(_ graph: Graph, inputLayout: TensorLayout = .rowMajor) -> Result {
    var sites: [Site] = []
    var writers: [ValueID: Int] = [:]
    var links: [(writer: Int, reader: Int, input: Int, shape: TensorShape)] = []
    var layers: [(name: String, site: Int, options: [Option])] = []

    func fixed(_ layout: TensorLayout, inputs: Int) -> Site {
      Site(reads: [Array(repeating: layout, count: inputs)], writes: [layout], costs: [0])
    }
    func add(_ site: Site, reading inputs: [ValueID]) -> Int {
      sites.append(site)
      let index = sites.count - 1
      for (input, value) in inputs.enumerated() {
        if writers[value] == nil {
          sites.append(fixed(.rowMajor, inputs: 0))
          writers[value] = sites.count - 1
        }
        links.append((writers[value] ?? 0, index, input, graph[value].shape))
      }
      return index
    }

    for input in graph.inputs {
      let isPicture = graph[input].shape.rank == 4
      writers[input] = add(fixed(isPicture ? inputLayout : .rowMajor, inputs: 0), reading: [])
    }
    for node in graph.nodes {
      switch node.operation {
      case .movement(let movement):
        let site = fixed(movement.isOfChannels(graph, node) ? .planeList : .rowMajor, inputs: node.inputs.count)
        writers[node.output] = add(site, reading: node.inputs)
      case .layer(let problem, _):
        let options = options(problem)
        let site = Site(
          reads: options.map(\.candidate.layouts.inputs), writes: options.map(\.candidate.layouts.output),
          costs: options.map(\.time))
        let index = add(options.isEmpty ? fixed(.rowMajor, inputs: node.inputs.count) : site, reading: node.inputs)
        writers[node.output] = index
        layers.append((node.name, index, options))
      }
    }
    for output in graph.outputs { _ = add(fixed(.rowMajor, inputs: 1), reading: [output]) }

    var problem = AssignmentProblem(costs: sites.map(\.costs))
    for link in links {
      problem.addCosts(
        link.writer, link.reader,
        sites[link.writer].writes.map { from in
          sites[link.reader].reads.map { reads in
            let to = reads[link.input]
            return from == to ? 0 : conversionTime(link.shape, from, to)
          }
        })
    }
    let solution = problem.solve()
    var choices: [String: Option] = [:]
    for layer in layers where !layer.options.isEmpty {
      choices[layer.name] = layer.options[solution.options[layer.site]]
    }
    return Result(choices: choices, predictedTime: solution.cost, isOptimal: solution.isOptimal)
  }
}

extension Movement {
  /// Whether the network carries the movement as a list of planes.
  fileprivate func isOfChannels(_ graph: Graph, _ node: GraphNode) -> Bool {
    guard let first = node.inputs.first, graph[first].shape.rank == 4 else { return false }
    switch self {
    case .gather(let axis, _), .concatenate(let axis): return axis == 1
    case .reshape, .transpose, .pad, .expand: return false
    }
  }
}
