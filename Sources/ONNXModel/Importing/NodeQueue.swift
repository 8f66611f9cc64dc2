import Network

/// A node with what its names and versions mean.
struct ScopedNode: Sendable {
  let message: Onnx_NodeProto
  let scope: ModelScope
  /// How many functions and branches the node stands in.
  let depth: Int
  /// Whether the node is a part of one of the model's, which stands for it wherever nodes are counted.
  let isPart: Bool

  /// How deep functions and branches may be nested.
  static let maximumDepth = 64

  init(_ message: Onnx_NodeProto, scope: ModelScope, depth: Int = 0, isPart: Bool = false) {
    self.message = message
    self.scope = scope
    self.depth = depth
    self.isPart = isPart
  }
}

/// Nodes in an order in which every value is written before it is read: those ready first in the file's order, so that a file in order
/// stays in order. Nodes whose results nobody needs are left out.
struct NodeQueue {
  private var nodes: [ScopedNode] = []
  /// How many values each node waits for.
  private var missing: [Int] = []
  private var readers: [String: [Int]] = [:]
  private var ready: [Int] = []
  private var position = 0
  private var writers: Set<String> = []
  /// How many nodes that have not been done with read each value, and others that are not nodes.
  private var pendingReads: [String: Int] = [:]

  /// Adds nodes.
  ///
  /// - Parameter known: whether a value is there already.
  /// - Throws: ``ONNXError/graph(reason:)`` when a value is written twice or a node reads what nobody writes.
  mutating func add(_ added: [ScopedNode], outputs: [String], known: (String) -> Bool) throws(ONNXError) {
    guard nodes.count + added.count <= Graph.maximumCount else {
      throw .graph(reason: "it has more than \(Graph.maximumCount) nodes")
    }
    var writer: [String: Int] = [:]
    for (index, node) in added.enumerated() {
      for output in node.message.output where !output.isEmpty {
        guard writer.updateValue(index, forKey: output) == nil, !known(output) else {
          throw .graph(reason: "value '\(output)' is written twice")
        }
      }
    }
    let needed = Self.needed(added, writer: writer, outputs: outputs, isRead: { readers[$0] != nil })
    for index in added.indices where needed[index] {
      let node = added[index]
      let reader = nodes.count
      nodes.append(node)
      var count = 0
      let names = Set(node.message.readNames)
      read(names)
      for name in names {
        guard !known(name) else { continue }
        guard writer[name] != nil || writers.contains(name) else {
          throw .graph(
            reason: "node '\(node.message.name)' (\(node.message.opType)) reads '\(name)', which nobody writes")
        }
        count += 1
        readers[name, default: []].append(reader)
      }
      missing.append(count)
      if count == 0 { ready.append(reader) }
    }
    writers.formUnion(writer.keys)
  }

  /// Whether the results of each node are needed.
  private static func needed(
    _ nodes: [ScopedNode], writer: [String: Int], outputs: [String], isRead: (String) -> Bool
  ) -> [Bool] {
    var needed = [Bool](repeating: false, count: nodes.count)
    var open = nodes.indices.filter { nodes[$0].message.output.contains { isRead($0) } }
    for output in outputs { if let index = writer[output] { open.append(index) } }
    while let index = open.popLast() {
      guard !needed[index] else { continue }
      needed[index] = true
      for name in nodes[index].message.readNames { if let source = writer[name] { open.append(source) } }
    }
    return needed
  }

  /// The next node whose values are all there.
  mutating func next() -> ScopedNode? {
    guard position < ready.count else { return nil }
    let node = nodes[ready[position]]
    position += 1
    return node
  }

  /// Notes that a value is there.
  mutating func wrote(_ name: String) {
    for reader in readers.removeValue(forKey: name) ?? [] {
      missing[reader] -= 1
      if missing[reader] == 0 { ready.append(reader) }
    }
  }

  /// Whether somebody who has not been done with reads a value.
  func isRead(_ name: String) -> Bool { pendingReads[name] != nil }

  /// Whether all that reads a value that is not there yet are nodes that cast it to 32-bit floats.
  func isReadByCastsToFloatOnly(_ name: String) -> Bool {
    guard let nodes = readers[name].map({ $0.map { self.nodes[$0].message } }), nodes.count == pendingReads[name]
    else { return false }
    return nodes.allSatisfy { node in
      node.opType == "Cast" && node.isStandard && node.attribute.contains { $0.name == "to" && $0.i == 1 }
    }
  }

  /// Notes that values are read by somebody.
  mutating func read(_ names: some Sequence<String>) { for name in names { pendingReads[name, default: 0] += 1 } }

  /// Notes that a node has been done with: it reads its values no more.
  mutating func finished(_ node: ScopedNode) {
    for name in Set(node.message.readNames) {
      guard let count = pendingReads[name] else { continue }
      pendingReads[name] = count > 1 ? count - 1 : nil
    }
  }

  /// The nodes whose values never came.
  var stuck: [ScopedNode] { missing.indices.filter { missing[$0] > 0 }.map { nodes[$0] } }

  /// Checks that no node is left.
  ///
  /// - Throws: ``ONNXError/graph(reason:)`` when one waits for itself.
  func checkDone() throws(ONNXError) {
    guard let node = stuck.first?.message else { return }
    throw .graph(reason: "node '\(node.name)' (\(node.opType)) is part of a cycle")
  }
}
