import LayerKernels
import RealModule

/// Losses of classes: what the given probabilities say against the right classes.
extension TensorOperatorRegistry {
  mutating func registerLosses() {
    register(
      "NegativeLogLikelihoodLoss",
      types: { types in [try ClassLoss.type(types)] },
      evaluate: { call in [try ClassLoss.evaluate(call, try call.required(0).doubles)] })
    register(
      "SoftmaxCrossEntropyLoss",
      types: { types in
        let loss = try ClassLoss.type(types)
        return types.outputCount > 1 ? [loss, try types.required(0)] : [loss]
      },
      evaluate: { call in
        let scores = try call.required(0)
        guard scores.type.isFloat, scores.shape.rank >= 2 else {
          throw OperatorError("its scores are \(TensorType(scores)), not numbers of images and classes")
        }
        // In 64 bits, so that the loss is rounded only once.
        let exact = try TypedTensor(.f64, shape: scores.shape, doubles: scores.doubles)
        let logarithms = try Lines(scores.shape, along: 1..<2).changing(exact) { line, _ in SoftmaxLine.logSoftmax(line)
        }
        let loss = try ClassLoss.evaluate(call, logarithms.doubles)
        return call.wantedOutputs.count > 1 ? [loss, logarithms.converted(to: scores.type)] : [loss]
      })
  }
}

private enum ClassLoss {
  private static func reduction(_ attributes: OperatorAttributes) throws -> String {
    let reduction = attributes.text("reduction") ?? "mean"
    guard ["none", "sum", "mean"].contains(reduction) else {
      throw OperatorError("reduction '\(reduction)' is none of none, sum and mean")
    }
    return reduction
  }

  static func type(_ types: OperatorTypes) throws -> TensorType {
    let isSingle = try reduction(types.attributes) != "none"
    return TensorType(try types.required(0).type, isSingle ? .scalar : try types.required(1).shape)
  }

  /// The loss of logarithms of probabilities in the first operand's shape.
  static func evaluate(_ call: OperatorCall, _ logarithms: [Double]) throws -> TypedTensor {
    let (input, target) = (try call.required(0), try call.required(1))
    guard input.type.isFloat, input.shape.rank >= 2, target.type.isInteger else {
      throw OperatorError("its operands are \(TensorType(input)) and \(TensorType(target))")
    }
    var sizes = input.shape.dimensions
    let classes = sizes.remove(at: 1)
    guard target.shape.dimensions == sizes else {
      throw OperatorError("classes \(target.shape) do not fit scores \(input.shape)")
    }
    let weights = call.input(2)?.doubles
    guard weights == nil || weights?.count == classes else {
      throw OperatorError("\(weights?.count ?? 0) weights do not fit \(classes) classes")
    }
    let positions = sizes.dropFirst().reduce(1, *)
    let ignored = call.attributes.integer("ignore_index")
    var losses = [Double](repeating: 0, count: target.shape.elementCount)
    var weightSum = 0.0
    for (index, number) in target.integers.enumerated() where number != ignored {
      guard number >= 0, number < classes else { throw OperatorError("class \(number) of \(classes)") }
      let weight = weights?[number] ?? 1
      let place = (index / positions * classes + number) * positions + index % positions
      losses[index] = -logarithms[place] * weight
      weightSum += weight
    }
    switch try reduction(call.attributes) {
    case "none": return try TypedTensor(input.type, shape: target.shape, doubles: losses)
    case "sum": return try TypedTensor(input.type, shape: .scalar, doubles: [losses.reduce(0, +)])
    default: return try TypedTensor(input.type, shape: .scalar, doubles: [losses.reduce(0, +) / weightSum])
    }
  }
}
