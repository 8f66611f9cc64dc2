#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif
import LayerKernels

/// What decides how much alike two problems are: what must be equal, what should be, and sizes.
///
/// The distance of two problems whose `kind` is equal is √(Σ ln(a / b)²) over their sizes, the thread count among them, plus
/// ``detailPenalty`` for each detail that differs. Twice the channels is as far as twice the rows or twice the threads: 0.69.
/// Problems of different kinds have no distance: another filter size, stride or kind of grouping has another best kernel.
package struct ProblemFeatures: Sendable {
  /// Everything that must be equal.
  let kind: String
  /// The names and logarithms of sizes.
  private let sizes: [Double]
  /// What counts only a little: padding, epilogue.
  private let details: [String]

  /// The distance that one differing detail adds.
  static let detailPenalty = 0.1

  /// How the fields of an operation's keys count; a field that is in neither list must be equal.
  private struct Roles {
    var sizes: Set<String>
    var details: Set<String> = []
    var ignored: Set<String> = []
  }

  private static let roles: [String: Roles] = [
    ConvolutionProblem.operation: Roles(
      sizes: ["n", "c", "h", "w", "k"], details: ["pads", "epilogue"], ignored: ["groups"]),
    PointwiseDepthwiseProblem.operation: Roles(
      sizes: ["n", "c", "h", "w", "k"], details: ["pads", "between", "epilogue"]),
    ConvolutionPoolingProblem.operation: Roles(
      sizes: ["n", "c", "h", "w", "k", "groups"], details: ["pads", "between", "pool-pads", "round"]),
    PoolingProblem.operation: Roles(sizes: ["n", "c", "h", "w"], details: ["pads", "round"]),
    MatrixMultiplyProblem.operation: Roles(sizes: ["b", "m", "k", "n"], details: ["epilogue"]),
    ElementwiseProblem.operation: Roles(sizes: ["a", "b"], details: ["then"]),
    ElementwiseChainProblem.operation: Roles(sizes: ["inputs"]),
    SoftmaxProblem.operation: Roles(sizes: ["shape"]),
    NormalizationProblem.operation: Roles(
      sizes: ["shape", "groups"], details: ["by", "parameters"], ignored: ["axis", "epsilon"]),
    ReductionProblem.operation: Roles(sizes: ["shape"]),
    RecurrentProblem.operation: Roles(sizes: ["steps", "b", "c", "k"], details: ["initial", "outputs"]),
    ResizeProblem.operation: Roles(sizes: ["from", "to"], details: ["coordinates"], ignored: ["scale"]),
    LayoutConversionProblem.operation: Roles(sizes: ["shape"]),
  ]

  /// The features of a problem; nil for an operation whose problems are only alike when they are equal.
  package init?(_ key: TuningEntry.Key) {
    let problem = key.problem
    guard let roles = Self.roles[problem.operation] else { return nil }
    var kind = problem.operation
    var sizes = [log(Double(key.threads))]
    var details: [String] = []
    for field in problem.fields {
      if roles.sizes.contains(field.name) {
        let numbers = field.value.split { $0 == "x" || $0 == "," }.compactMap { Int($0) }
        // The rank of a shape is part of the kind.
        kind += " \(field.name)^\(numbers.count)"
        sizes += numbers.map { log(Double(max($0, 1))) }
      } else if field.name == IntegerOperands.field || field.name == ElementwiseProblem.stepsField {
        // Layers of whole numbers have kernels of their own, whatever their steps are.
        kind += " \(field.name)"
      } else if roles.details.contains(field.name) {
        details.append("\(field.name)=\(field.value)")
      } else if !roles.ignored.contains(field.name) {
        kind += " \(field.name)=\(field.value)"
      }
    }
    if problem.operation == ConvolutionProblem.operation {
      guard let grouping = Self.grouping(of: problem) else { return nil }
      kind += " \(grouping.kind)"
      sizes.append(log(Double(max(grouping.size, 1))))
    }
    self.kind = kind
    self.sizes = sizes
    self.details = details
  }

  /// Depthwise, dense or grouped; a depthwise problem's group count is its channel count and not a size of its own.
  private static func grouping(of problem: ProblemKey) -> (kind: String, size: Int)? {
    guard let groups = try? problem.integer("groups"), let inputs = try? problem.integer("c"),
      let outputs = try? problem.integer("k")
    else { return nil }
    if groups == 1 { return ("dense", 1) }
    return groups == inputs && groups == outputs ? ("depthwise", 1) : ("grouped", groups)
  }

  /// The distance to another problem; nil when the kinds differ.
  package func distance(to other: ProblemFeatures) -> Double? {
    guard kind == other.kind, sizes.count == other.sizes.count else { return nil }
    let squares = zip(sizes, other.sizes).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    let differing = zip(details, other.details).count { $0 != $1 } + abs(details.count - other.details.count)
    return squares.squareRoot() + Self.detailPenalty * Double(differing)
  }
}
