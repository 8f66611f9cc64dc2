/// The input rows (or columns) that one output row (or column) of a resize is made of.
public struct ResizeTap: Hashable, Sendable {
  /// The nearest element, or the one before the coordinate.
  public let lower: Int
  /// The element after the coordinate; `lower` when nearest.
  public let upper: Int
  /// The part that `upper` has in the result, 0 to 1; `lower` has the rest.
  public let upperWeight: Double
}

extension ResizeProblem {
  /// An axis that is resized.
  public enum Axis: Int, Sendable, CaseIterable {
    /// Rows, axis 2 of `[N, C, H, W]`.
    case height = 2
    /// Columns, axis 3.
    case width = 3
  }

  /// What each output row or column is made of: ONNX's `Resize`, attributes `coordinate_transformation_mode`,
  /// `nearest_mode` and `mode`; coordinates outside the input take its edge.
  public func taps(along axis: Axis) -> [ResizeTap] {
    let last = inputShape[axis.rawValue] - 1
    return (0..<outputShape[axis.rawValue]).map { index in
      if interpolation == .linear {
        let coordinate = min(max(coordinate(of: Double(index), along: axis), 0), Double(last))
        let lower = Int(coordinate)
        return ResizeTap(lower: lower, upper: min(lower + 1, last), upperWeight: coordinate - Double(lower))
      }
      // In 32 bits: scales are given so, and a tie (0.5 / (1 / 6) − 0.5) is one in their arithmetic only.
      let coordinate = min(max(coordinate(of: Float(index), along: axis), 0), Float(last))
      let nearest = min(Int(rounded(coordinate)), last)
      return ResizeTap(lower: nearest, upper: nearest, upperWeight: 0)
    }
  }

  private func coordinate<Number: BinaryFloatingPoint>(of index: Number, along axis: Axis) -> Number {
    let scale = Number(axis == .height ? scale.height : scale.width)
    let count = outputShape[axis.rawValue]
    let center = (index + 0.5) / scale
    switch coordinates {
    case .halfPixel: return center - 0.5
    case .pyTorchHalfPixel: return count > 1 ? center - 0.5 : 0
    case .alignCorners:
      // By the whole sizes, as exporters and other runtimes mean it, though ONNX's own reference takes `scale · in`.
      return count > 1 ? index * Number(inputShape[axis.rawValue] - 1) / Number(count - 1) : 0
    case .asymmetric: return index / scale
    case .halfPixelSymmetric:
      let length = Number(inputShape[axis.rawValue])
      let offset = length / 2 * (1 - Number(count) / (scale * length))
      return offset + center - 0.5
    case .tensorFlowHalfPixel: return center
    }
  }

  /// The farthest from a half that still is one: a scale of 2.1 or 1/3 has no exact number, and what would be a tie with
  /// the exact one lies a rounding beside it.
  private static let tieDistance: Float = 1e-6

  private func rounded(_ coordinate: Float) -> Float {
    let below = coordinate.rounded(.down)
    let fromHalf = coordinate - below - 0.5
    let isTie = fromHalf.magnitude < Self.tieDistance
    return switch interpolation {
    case .nearestPreferFloor: isTie || fromHalf < 0 ? below : below + 1
    case .nearestPreferCeiling: isTie || fromHalf > 0 ? below + 1 : below
    case .floor: below
    case .ceiling: coordinate.rounded(.up)
    case .linear: coordinate
    }
  }
}
