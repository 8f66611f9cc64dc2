import LayerKernels

/// `NonMaxSuppression`: the boxes that are left when those that overlap better ones are taken away.
extension TensorOperatorRegistry {
  mutating func registerDetection() {
    register("NonMaxSuppression", evaluate: Detection.suppress)
  }
}

private enum Detection {
  struct Box {
    var top, left, bottom, right: Float
    var area: Float { (bottom - top) * (right - left) }

    func overlaps(_ other: Box, by threshold: Float) -> Bool {
      let height = min(bottom, other.bottom) - max(top, other.top)
      let width = min(right, other.right) - max(left, other.left)
      guard height > 0, width > 0, area > 0, other.area > 0 else { return false }
      let common = height * width
      let union = area + other.area - common
      return union > 0 && common / union > threshold
    }
  }

  @Sendable static func suppress(_ call: OperatorCall) throws -> [TypedTensor] {
    let (boxes, scores) = (try call.required(0), try call.required(1))
    guard boxes.shape.rank == 3, boxes.shape[2] == 4, scores.shape.rank == 3, scores.shape[0] == boxes.shape[0],
      scores.shape[2] == boxes.shape[1]
    else { throw OperatorError("boxes \(boxes.shape) and scores \(scores.shape) do not fit together") }
    func number(_ index: Int) throws -> Float? {
      guard let input = call.input(index) else { return nil }
      guard input.shape.elementCount == 1 else { throw OperatorError("input \(index) is \(input.shape), no number") }
      return input.asFloats.elements[0]
    }
    let most = max(try call.known.number(2) ?? 0, 0)
    let overlap = try number(3) ?? 0
    guard (0...1).contains(overlap) else { throw OperatorError("iou_threshold \(overlap) is not within 0...1") }
    let least = try number(4)
    let hasCenters = call.attributes.integer("center_point_box") ?? 0 != 0
    let (sides, values) = (boxes.asFloats.elements, scores.asFloats.elements)
    let count = boxes.shape[1]
    var chosen: [Int] = []
    for item in 0..<boxes.shape[0] where most > 0 {
      let all = (0..<count).map { index -> Box in
        let (a, b, c, d) = (
          sides[(item * count + index) * 4], sides[(item * count + index) * 4 + 1],
          sides[(item * count + index) * 4 + 2], sides[(item * count + index) * 4 + 3]
        )
        if hasCenters { return Box(top: b - d / 2, left: a - c / 2, bottom: b + d / 2, right: a + c / 2) }
        return Box(top: min(a, c), left: min(b, d), bottom: max(a, c), right: max(b, d))
      }
      for kind in 0..<scores.shape[1] {
        let row = (item * scores.shape[1] + kind) * count
        let candidates = (0..<count).filter { index in least.map { values[row + index] > $0 } ?? true }
          .sorted {
            values[row + $0] > values[row + $1] || (!(values[row + $1] > values[row + $0]) && $0 < $1)
          }
        var kept: [Box] = []
        for candidate in candidates {
          guard kept.count < most else { break }
          guard !kept.contains(where: { all[candidate].overlaps($0, by: overlap) }) else { continue }
          kept.append(all[candidate])
          chosen += [item, kind, candidate]
        }
      }
    }
    return [try TypedTensor(.s64, shape: TensorShape([chosen.count / 3, 3]), integers: chosen)]
  }
}
