/// A rewriting of a graph that keeps its results.
public struct GraphPass: Sendable {
  /// The pass's name, for switching it off and for messages.
  public let name: String
  private let rewriting: @Sendable (Graph) throws -> Graph

  /// A pass of the given function, which must keep inputs, outputs and their values.
  public init(_ name: String, _ rewriting: @escaping @Sendable (Graph) throws -> Graph) {
    self.name = name
    self.rewriting = rewriting
  }

  /// Rewrites the graph.
  ///
  /// - Throws: what the pass throws; a well-formed graph gives none.
  public func callAsFunction(_ graph: Graph) throws -> Graph { try rewriting(graph) }

  /// The passes that every compiled network goes through, in their order.
  public static let standard: [GraphPass] = [
    recognizeChannelMovements, composeMovements, recognizeNormalizations, recognizeActivations, joinRoundings,
    hoistElementwise, recognizeGlobalPooling, foldPadding, trimWindows, fuseEpilogues, splitWindows,
    fusePointwiseDepthwise, fuseConvolutionPooling, fuseElementwiseChains, findIntegers, removeUnused,
  ]
}

extension Graph {
  /// The graph after the given passes.
  ///
  /// - Throws: what a pass throws.
  public func applying(_ passes: [GraphPass]) throws -> Graph { try passes.reduce(self) { try $1($0) } }
}
