import LayerKernels

/// An output beside the reference's.
struct OutputComparison {
  /// The largest error over the largest magnitude of the reference; infinite where only one of the two is finite.
  let maximumError: Double
  /// What is wrong, a sentence each.
  let issues: [String]

  /// Compares two outputs.
  ///
  /// - Parameter step: the distance between neighbouring values of an output that is rounded; 0 for any other.
  init(_ output: Tensor, _ expected: Tensor, errorClass: ErrorClass, step: Float) {
    var survey = Survey(shape: expected.shape)
    let largest = expected.withElements { elements in
      elements.lazy.filter(\.isFinite).map { Double($0.magnitude) }.max() ?? 0
    }
    let scale = largest > 0 ? largest : 1
    let tolerance: Double? =
      switch errorClass {
      case .exact(let tolerance): Double(tolerance)
      case .approximate(let error): error.map(Double.init)
      }
    if let tolerance {
      survey.allowance = StepAllowance(step: step, tolerance: tolerance, largest: scale)
    }
    output.withElements { output in
      expected.withElements { expected in
        for index in expected.indices {
          survey.look(at: index, output[index], expected[index], tolerance: tolerance, scale: scale)
        }
      }
    }
    survey.judgeSteps(scale: scale)
    maximumError = survey.maximumError
    issues = survey.poisonIssues + survey.errorIssues(tolerance: tolerance, scale: largest)
  }
}

/// The elements that are wrong, gathered by what is wrong with them.
private struct Survey {
  let shape: TensorShape
  private(set) var maximumError = 0.0
  private var poisoned: [Poison: Places] = [:]
  private var wrong = Places()
  private var worst: (index: Int, found: Float, expected: Float)?
  /// What a rounded output is allowed.
  var allowance = StepAllowance(step: 0, tolerance: 0, largest: 1)
  private var steps = Places()
  private var firstStep: (index: Int, found: Float, expected: Float)?

  /// Where elements of one kind lie.
  struct Places {
    var count = 0
    var first = 0
    /// The least and the greatest index along each axis.
    var bounds: [ClosedRange<Int>] = []

    mutating func add(_ index: Int, _ position: [Int]) {
      if count == 0 {
        first = index
        bounds = position.map { $0...$0 }
      }
      count += 1
      bounds = zip(bounds, position).map { min($0.lowerBound, $1)...max($0.upperBound, $1) }
    }
  }

  init(shape: TensorShape) { self.shape = shape }

  mutating func look(at index: Int, _ found: Float, _ expected: Float, tolerance: Double?, scale: Double) {
    if found == expected || found.isNaN && expected.isNaN && Poison(found) == nil { return }
    if let poison = Poison(found) {
      poisoned[poison, default: Places()].add(index, shape.position(of: index))
      maximumError = .infinity
      return
    }
    let difference = abs(Double(found) - Double(expected))
    if allowance.isStep(difference) {
      steps.add(index, shape.position(of: index))
      firstStep = firstStep ?? (index, found, expected)
      return
    }
    let error = difference / scale
    let measured = error.isNaN ? .infinity : error
    if measured > maximumError || worst == nil {
      maximumError = max(measured, maximumError)
      worst = (index, found, expected)
    }
    if let tolerance, !(measured <= tolerance) {
      wrong.add(index, shape.position(of: index))
    } else if tolerance == nil, !found.isFinite {
      wrong.add(index, shape.position(of: index))
    }
  }

  /// Takes elements that are one step off for wrong ones where there are too many of them.
  mutating func judgeSteps(scale: Double) {
    guard let firstStep, steps.count > allowance.count(of: shape.elementCount) else { return }
    maximumError = max(maximumError, abs(Double(firstStep.found) - Double(firstStep.expected)) / scale)
    if wrong.count == 0 { (worst, wrong) = (firstStep, steps) }
  }

  var poisonIssues: [String] {
    Poison.allCases.compactMap { poison in
      poisoned[poison].map {
        "\(elements($0)) \($0.count == 1 ? "was" : "were") \(Self.sentence(poison))\(extent($0))"
      }
    }
  }

  func errorIssues(tolerance: Double?, scale: Double) -> [String] {
    guard wrong.count > 0, let worst else { return [] }
    let allowed = tolerance.map { "; allowed is \(Float($0)) of the largest magnitude, \(Float(scale))" } ?? ""
    return [
      "\(elements(wrong)) differ\(wrong.count == 1 ? "s" : "") from the reference, most \(shape.position(of: worst.index)): "
        + "\(worst.found) instead of \(worst.expected)\(allowed)\(extent(wrong))"
    ]
  }

  private func elements(_ places: Places) -> String {
    places.count == 1
      ? "element \(shape.position(of: places.first))" : "\(places.count) of \(shape.elementCount) elements"
  }

  private func extent(_ places: Places) -> String {
    guard places.count > 1 else { return "" }
    let ranges = places.bounds.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)…\($0.upperBound)" }
    return " (all within [\(ranges.joined(separator: ", "))] of \(shape))"
  }

  private static func sentence(_ poison: Poison) -> String {
    switch poison {
    case .outside: "made from memory beside an operand"
    case .slack: "made from the slack after a plane"
    case .unwritten: "never written, or made from the output before it was"
    case .workspace: "made from workspace that was not written in this run"
    }
  }
}

extension TensorShape {
  /// The index along each axis of an element.
  func position(of index: Int) -> [Int] {
    zip(dimensions, strides).map { size, stride in index / stride % max(size, 1) }
  }
}
