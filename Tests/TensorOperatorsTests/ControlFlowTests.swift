import LayerKernels
import TensorOperators
import Testing

@Suite("Control flow over tensors")
struct ControlFlowTests {
  @Test("If runs the branch that its condition names", arguments: [true, false])
  func branches(_ condition: Bool) throws {
    let result = try run(
      "If", [TypedTensor(scalar: condition)],
      bodies: [
        "then_branch": { _ in [TypedTensor(scalar: Float(1))] },
        "else_branch": { _ in [TypedTensor(scalar: Float(2))] },
      ])
    #expect(result[0].doubles == [condition ? 1 : 2])
  }

  /// Adds the trip's number to what is carried and gives it out; ends after four trips.
  private static let summing: OperatorCall.Body = { inputs in
    let sum = try TypedTensor(.s64, shape: .scalar, integers: [inputs[2].integers[0] + inputs[0].integers[0]])
    return [TypedTensor(scalar: inputs[0].integers[0] < 3), sum, sum]
  }

  @Test("Loop carries values, stacks what trips give, and ends by number or by condition", arguments: [Int64(2), 100])
  func loops(_ trips: Int64) throws {
    let result = try run(
      "Loop", [TypedTensor(scalar: trips), nil, TypedTensor(scalar: Int64(10))], outputs: 2,
      bodies: ["body": Self.summing])
    #expect(result[0].integers == [trips == 2 ? 11 : 16])
    #expect(result[1].integers == (trips == 2 ? [10, 11] : [10, 11, 13, 16]))
  }

  @Test("a Loop without trips gives what it was given and empty lists", arguments: [true, false])
  func noTrips(_ byNumber: Bool) throws {
    let result = try run(
      "Loop",
      [byNumber ? TypedTensor(scalar: Int64(0)) : nil, TypedTensor(scalar: byNumber), TypedTensor(scalar: Int64(7))],
      outputs: 2, bodies: ["body": Self.summing])
    #expect(result[0].integers == [7])
    #expect(result[1].shape.dimensions == [0])
  }

  @Test("a Loop's graph that gives too few values is refused")
  func fewValues() throws {
    #expect(throws: OperatorError.self) {
      try run(
        "Loop", [TypedTensor(scalar: Int64(3)), nil, TypedTensor(scalar: Int64(0))], outputs: 2,
        bodies: ["body": { _ in [] }])
    }
    #expect(throws: OperatorError.self) { try run("Loop", [TypedTensor(scalar: Int64(3)), nil], bodies: [:]) }
  }

  /// Adds a slice to the state and gives the sum.
  private static let accumulating: OperatorCall.Body = { inputs in
    let sums = zip(inputs[0].doubles, inputs[1].doubles).map { $0 + $1 }
    let sum = try TypedTensor(.f32, shape: inputs[0].shape, doubles: sums)
    return [sum, sum]
  }

  @Test("Scan walks an axis in either direction and stacks along any axis")
  func scans() throws {
    let (state, data) = (try floats([2], [0, 0]), try floats([2, 3], [1, 2, 3, 4, 5, 6]))
    let backwards = try run(
      "Scan",
      [
        "num_scan_inputs": .integer(1), "scan_input_axes": .integers([-1]), "scan_input_directions": .integers([1]),
        "scan_output_axes": .integers([1]),
      ], [state, data], outputs: 2, bodies: ["body": Self.accumulating])
    #expect(backwards[0].doubles == [6, 15])
    #expect(backwards[1].shape.dimensions == [2, 3])
    #expect(backwards[1].doubles == [3, 5, 6, 6, 11, 15])
    let prepended = try run(
      "Scan",
      ["num_scan_inputs": .integer(1), "scan_input_axes": .integers([1]), "scan_output_directions": .integers([1])],
      [state, data], outputs: 2, bodies: ["body": Self.accumulating])
    #expect(prepended[1].doubles == [6, 15, 3, 9, 1, 4])
  }

  @Test("Scan of version 8 runs over a batch, whose shorter sequences end in zeros")
  func batches() throws {
    let result = try run(
      "Scan", opset: 8, ["num_scan_inputs": .integer(1)],
      [try integers([2], [2, 3]), try floats([2, 1], [0, 0]), try floats([2, 3, 1], [1, 2, 3, 4, 5, 6])], outputs: 2,
      bodies: ["body": Self.accumulating])
    #expect(result[0].doubles == [3, 15])
    #expect(result[1].doubles == [1, 3, 0, 4, 9, 15])
  }

  @Test("a Scan of sequences that differ in length is refused")
  func unevenSequences() throws {
    #expect(throws: OperatorError.self) {
      try run(
        "Scan", ["num_scan_inputs": .integer(2)], [try floats([2], [1, 2]), try floats([3], [1, 2, 3])],
        bodies: ["body": { $0 }])
    }
  }
}
