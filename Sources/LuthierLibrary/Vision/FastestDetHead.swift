#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// An object that a detector has found.
public struct Detection: Hashable, Sendable {
  /// The class, an index into the labels.
  public let classIndex: Int
  /// How sure the detector is, 0 to 1.
  public let score: Float
  /// The left, top, right and bottom edges, relative to the picture: 0 to 1 inside it.
  public let box: Box

  /// Edges relative to the picture.
  public struct Box: Hashable, Sendable {
    /// The left edge.
    public let left: Float
    /// The top edge.
    public let top: Float
    /// The right edge.
    public let right: Float
    /// The bottom edge.
    public let bottom: Float

    /// A box of the given edges.
    public init(left: Float, top: Float, right: Float, bottom: Float) {
      self.left = left
      self.top = top
      self.right = right
      self.bottom = bottom
    }

    /// The area of what two boxes share over the area of what they cover together; 0 where they are apart.
    public func intersectionOverUnion(_ other: Box) -> Float {
      let width = min(right, other.right) - max(left, other.left)
      let height = min(bottom, other.bottom) - max(top, other.top)
      guard width > 0, height > 0 else { return 0 }
      let shared = width * height
      let covered = area + other.area - shared
      return covered > 0 ? shared / covered : 0
    }

    private var area: Float { max(right - left, 0) * max(bottom - top, 0) }
  }
}

/// Reads boxes out of FastestDet's output (a single-scale, anchor-free detector with a ShuffleNetV2 backbone).
///
/// The output is `[1, 5 + classes, rows, columns]`: in each cell the objectness o, the box (t₁ t₂ t₃ t₄) and a score for each
/// class. The centre is ((column + tanh t₁) / columns, (row + tanh t₂) / rows), the size (σ(t₃), σ(t₄)), the score
/// o^0.6 · max(c)^0.4.
public struct FastestDetHead: Hashable, Sendable {
  /// Boxes with a lower score are dropped.
  public var threshold: Float = 0.65
  /// A box that covers a better one of its class by more than this intersection over union is dropped.
  public var overlap: Float = 0.45

  /// The usual thresholds.
  public init() {}

  /// The boxes of an output, best first.
  ///
  /// - Throws: ``VisionError/outputShape(expected:found:)`` when the output is none of such a detector.
  public func detections(in output: Tensor) throws(VisionError) -> [Detection] {
    let shape = output.shape
    guard shape.rank == 4, shape[0] == 1, shape[1] > 5 else {
      throw .outputShape(expected: "[1, 5 + classes, rows, columns]", found: shape)
    }
    let (rows, columns) = (shape[2], shape[3])
    let cells = rows * columns
    let values = output.elements
    var found: [Detection] = []
    for row in 0..<rows {
      for column in 0..<columns {
        let cell = row * columns + column
        func value(_ channel: Int) -> Float { values[channel * cells + cell] }
        let best = (5..<shape[1]).max { value($0) < value($1) } ?? 5
        let score = powf(value(0), 0.6) * powf(value(best), 0.4)
        // The negation drops scores that are no number, too.
        guard score > threshold else { continue }
        let x = (Float(column) + tanhf(value(1))) / Float(columns)
        let y = (Float(row) + tanhf(value(2))) / Float(rows)
        let width = 1 / (1 + expf(-value(3)))
        let height = 1 / (1 + expf(-value(4)))
        found.append(
          Detection(
            classIndex: best - 5, score: score,
            box: .init(left: x - width / 2, top: y - height / 2, right: x + width / 2, bottom: y + height / 2)))
      }
    }
    return suppressed(found)
  }

  /// Non-maximum suppression, apart for each class.
  private func suppressed(_ detections: [Detection]) -> [Detection] {
    var kept: [Detection] = []
    for detection in detections.sorted(by: { $0.score > $1.score })
    where !kept.contains(where: {
      $0.classIndex == detection.classIndex && $0.box.intersectionOverUnion(detection.box) > overlap
    }) {
      kept.append(detection)
    }
    return kept
  }
}
