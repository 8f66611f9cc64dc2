import LayerKernels

/// An operand whose elements a plan needs and that is no constant: the outputs' types are not known before it is computed.
struct UnknownOperand: Error {}

extension OperatorCall {
  /// The call as a type rule sees it when every operand is a constant, so that one plan serves rule and evaluation.
  var known: OperatorTypes {
    OperatorTypes(
      opset: opset, attributes: attributes, inputs: inputs.map { $0.map { TensorType($0) } }, constants: inputs,
      outputCount: wantedOutputs.count)
  }
}

extension OperatorTypes {
  /// An operand's whole numbers; nil when it is left out.
  ///
  /// - Throws: ``UnknownOperand`` when it is there and no constant; ``OperatorError`` when it does not hold whole numbers.
  func numbers(_ index: Int) throws -> [Int]? {
    guard let type = input(index) else { return nil }
    guard type.type.isInteger else { throw OperatorError("input \(index) is \(type.type) instead of whole numbers") }
    guard let constant = constant(index) else { throw UnknownOperand() }
    return constant.integers
  }

  /// A list that is an attribute before a version and an operand from it on; nil when it is not given.
  func numbers(_ name: String, before version: Int, input: Int) throws -> [Int]? {
    opset < version ? attributes.integers(name) : try numbers(input)
  }

  /// An operand's one whole number; nil when it is left out.
  func number(_ index: Int) throws -> Int? {
    guard let list = try numbers(index) else { return nil }
    guard let first = list.first, list.count == 1 else {
      throw OperatorError("input \(index) has \(list.count) elements instead of one")
    }
    return first
  }
}

extension TypeRules {
  /// A rule that gives nil where a plan needs an operand that is no constant.
  static func planned(_ rule: @escaping @Sendable (OperatorTypes) throws -> [TensorType]) -> TensorOperator.TypeRule {
    { types in
      do { return try rule(types) } catch is UnknownOperand { return nil }
    }
  }
}

/// Arithmetic on sizes that a file gives.
enum Checked {
  /// The product.
  ///
  /// - Throws: ``OperatorError`` when it does not fit.
  static func product(_ left: Int, _ right: Int) throws(OperatorError) -> Int {
    let (result, overflow) = left.multipliedReportingOverflow(by: right)
    guard !overflow else { throw OperatorError("\(left) times \(right) is too large") }
    return result
  }

  /// The sum.
  ///
  /// - Throws: ``OperatorError`` when it does not fit.
  static func sum(_ left: Int, _ right: Int) throws(OperatorError) -> Int {
    let (result, overflow) = left.addingReportingOverflow(right)
    guard !overflow else { throw OperatorError("\(left) plus \(right) is too large") }
    return result
  }

  /// Axes counted from the front, each named once.
  ///
  /// - Throws: ``OperatorError`` for an axis that is not there or comes twice.
  static func axes(_ axes: [Int], rank: Int) throws(OperatorError) -> [Int] {
    var result: [Int] = []
    for axis in axes {
      let position = try axis.axis(rank: rank)
      guard !result.contains(position) else { throw OperatorError("axis \(axis) comes twice") }
      result.append(position)
    }
    return result
  }

  /// The position that an index means on an axis: counted from the end if negative.
  ///
  /// - Throws: ``OperatorError`` when it is outside.
  @inline(__always)
  static func position(_ index: Int, size: Int) throws(OperatorError) -> Int {
    guard index >= -size, index < size else { throw OperatorError("index \(index) on an axis of \(size)") }
    return index < 0 ? index + size : index
  }
}

extension Sequence where Element == Int {
  /// The product of sizes that a ``TensorShape`` has checked.
  var product: Int { reduce(1, *) }
}
