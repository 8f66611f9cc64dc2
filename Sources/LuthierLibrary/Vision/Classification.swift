#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A class and how likely it is.
public struct Classification: Hashable, Sendable {
  /// The class, an index into the labels.
  public let classIndex: Int
  /// The probability, 0 to 1.
  public let probability: Float

  /// A class with its probability.
  public init(classIndex: Int, probability: Float) {
    self.classIndex = classIndex
    self.probability = probability
  }

  /// The most likely classes of scores `[1, classes]`, best first; of equals the lower index.
  ///
  /// Scores are taken through softmax unless they are probabilities already: all between 0 and 1 with a sum of 1.
  ///
  /// - Throws: ``VisionError/outputShape(expected:found:)`` when the scores are of more than one picture.
  public static func best(_ count: Int, in scores: Tensor) throws(VisionError) -> [Classification] {
    guard scores.shape.rank >= 1, scores.shape.elementCount > 0,
      scores.shape.dimensions.max() == scores.shape.elementCount
    else { throw .outputShape(expected: "[1, classes]", found: scores.shape) }
    let values = scores.elements
    let sum = values.reduce(0, +)
    var probabilities = values
    if (sum - 1).magnitude > 1e-3 || values.contains(where: { $0 < 0 || $0 > 1 }) {
      let largest = values.max() ?? 0
      let powers = values.map { expf($0 - largest) }
      let total = powers.reduce(0, +)
      probabilities = powers.map { $0 / total }
    }
    return probabilities.enumerated().sorted { ($1.element, $0.offset) < ($0.element, $1.offset) }.prefix(max(count, 0))
      .map { Classification(classIndex: $0.offset, probability: $0.element) }
  }
}

/// Why an output cannot be read as what it should be.
public enum VisionError: Error, Equatable, CustomStringConvertible {
  /// The output has another shape than such networks give.
  case outputShape(expected: String, found: TensorShape)
  /// The network does not take one picture.
  case inputShape(found: TensorShape)
  /// The model does not take one picture of bytes or floats.
  case modelInput(found: String)
  /// The labels cannot be read.
  case labels(path: String, reason: String)

  /// One line that names what is wrong.
  public var description: String {
    switch self {
    case .outputShape(let expected, let found): "the network's output is \(found), not \(expected)"
    case .inputShape(let found):
      "the network's input is \(found), not one picture [1, 3, rows, columns] or [1, rows, columns, 3]"
    case .modelInput(let found):
      "the network's input is \(found), not one picture of floats or bytes [1, 3, rows, columns] or [1, rows, columns, 3]"
    case .labels(let path, let reason): "labels \(path): \(reason)"
    }
  }
}
