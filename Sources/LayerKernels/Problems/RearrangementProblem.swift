/// Elements moved without arithmetic between dense row-major tensors: transpose, slice, concatenate, pad, gather, expand.
///
/// The output is filled with a constant where no copy writes, then each copy moves a strided box. Where the network can
/// carry a movement as data (a permutation of planes) no such problem is left.
public struct RearrangementProblem: LayerProblem {
  /// A box of elements moved from an input to the output.
  public struct Copy: Hashable, Sendable {
    /// Which input is read.
    public let input: Int
    /// The first element read.
    public let inputOffset: Int
    /// The first element written.
    public let outputOffset: Int
    /// The box's sizes, outermost first.
    public let sizes: [Int]
    /// Elements between neighbours in the input, one for each size; may be zero (expand) or negative (reversed).
    public let inputStrides: [Int]
    /// Elements between neighbours in the output, one for each size.
    public let outputStrides: [Int]

    /// A box; ``RearrangementProblem/init(inputShapes:outputShape:fill:copies:)`` checks it.
    public init(
      input: Int, inputOffset: Int, outputOffset: Int, sizes: [Int], inputStrides: [Int], outputStrides: [Int]
    ) {
      self.input = input
      self.inputOffset = inputOffset
      self.outputOffset = outputOffset
      self.sizes = sizes
      self.inputStrides = inputStrides
      self.outputStrides = outputStrides
    }
  }

  /// The inputs' shapes.
  public let inputShapes: [TensorShape]
  /// The output's shape.
  public let outputShape: TensorShape
  /// The value where no copy writes; nil when the copies write every element.
  public let fill: Float?
  /// The boxes, in the order in which they are moved.
  public let copies: [Copy]

  /// The operation's name in keys.
  public static let operation = "rearrangement"

  /// The most boxes of one problem.
  public static let maximumCopyCount = 65_536
  /// The most inputs of one problem.
  public static let maximumInputCount = 4096

  /// Checks every box against the shapes.
  ///
  /// - Throws: ``ProblemError/inconsistent(_:)`` when a box leaves a tensor, ``ProblemError/outOfRange(name:value:allowed:)``
  ///   when there are more boxes or inputs than a key holds.
  public init(
    inputShapes: [TensorShape], outputShape: TensorShape, fill: Float?, copies: [Copy]
  ) throws(ProblemError) {
    try checkSize("copies", copies.count, in: 0...Self.maximumCopyCount)
    try checkSize("inputs of a movement", inputShapes.count, in: 0...Self.maximumInputCount)
    for copy in copies {
      guard inputShapes.indices.contains(copy.input) else {
        throw .inconsistent("a copy reads input \(copy.input) of \(inputShapes.count)")
      }
      guard copy.sizes.count == copy.inputStrides.count, copy.sizes.count == copy.outputStrides.count else {
        throw .inconsistent("a copy has \(copy.sizes.count) sizes and another number of strides")
      }
      try Self.check(
        copy.sizes, copy.inputStrides, copy.inputOffset, inputShapes[copy.input], "reads input \(copy.input)")
      try Self.check(copy.sizes, copy.outputStrides, copy.outputOffset, outputShape, "writes the output")
    }
    self.inputShapes = inputShapes
    self.outputShape = outputShape
    self.fill = fill
    self.copies = copies
    // A few boxes fit in any case.
    if inputShapes.count + copies.count > 64 {
      try checkSize("length of the key of a movement", key.description.utf8.count, in: 0...ProblemKey.maximumLength)
    }
  }

  private static func check(
    _ sizes: [Int], _ strides: [Int], _ offset: Int, _ shape: TensorShape, _ what: String
  ) throws(ProblemError) {
    let bound = TensorShape.maximumElementCount
    guard sizes.allSatisfy({ (0...bound).contains($0) }), strides.allSatisfy({ (-bound...bound).contains($0) }),
      (0...bound).contains(offset)
    else { throw .inconsistent("a copy that \(what) has a size, stride or offset out of range") }
    if sizes.contains(0) { return }
    var lowest = offset
    var highest = offset
    for (size, stride) in zip(sizes, strides) {
      let (reach, overflow) = (size - 1).multipliedReportingOverflow(by: stride)
      guard !overflow, reach.magnitude <= UInt(bound) else {
        throw .inconsistent("a copy that \(what) leaves its tensor of shape \(shape)")
      }
      if reach < 0 { lowest += reach } else { highest += reach }
    }
    guard lowest >= 0, highest < shape.elementCount else {
      throw .inconsistent("a copy that \(what) leaves its tensor of shape \(shape)")
    }
  }

  /// Reads the problem back from its key.
  public init(key: ProblemKey) throws(ProblemError) {
    var shapes: [TensorShape] = []
    let inputCount = try key.integer("inputs")
    try checkSize("inputs of a movement", inputCount, in: 0...Self.maximumInputCount)
    for index in 0..<inputCount { shapes.append(try key.shape("in\(index)")) }
    let fillText = try key.text("fill")
    guard let fill = fillText == "none" ? .some(nil) : Float(fillText).map(Optional.some) else {
      throw .malformedField(key: key.description, name: "fill", value: fillText)
    }
    var copies: [Copy] = []
    let copyCount = try key.integer("copies")
    try checkSize("copies", copyCount, in: 0...Self.maximumCopyCount)
    let place = key.fields.count - copyCount
    for index in 0..<copyCount {
      let numbers = try key.integers("copy\(index)", separator: ",", near: place + index)
      guard numbers.count >= 3, (numbers.count - 3) % 3 == 0 else {
        throw .malformedField(key: key.description, name: "copy\(index)", value: try key.text("copy\(index)"))
      }
      let rank = (numbers.count - 3) / 3
      copies.append(
        Copy(
          input: numbers[0], inputOffset: numbers[1], outputOffset: numbers[2],
          sizes: Array(numbers[3..<(3 + rank)]), inputStrides: Array(numbers[(3 + rank)..<(3 + 2 * rank)]),
          outputStrides: Array(numbers[(3 + 2 * rank)...])))
    }
    try self.init(inputShapes: shapes, outputShape: key.shape("out"), fill: fill, copies: copies)
    try key.check(against: self)
  }

  /// `rearrangement out=2x3 fill=none inputs=1 in0=3x2 copies=1 copy0=0,0,0,2,3,1,2,3,1`
  public var key: ProblemKey {
    var text = "\(Self.operation) out=\(outputShape) fill=\(fill.map { "\($0)" } ?? "none") inputs=\(inputShapes.count)"
    for (index, shape) in inputShapes.enumerated() { text += " in\(index)=\(shape)" }
    text += " copies=\(copies.count)"
    for (index, copy) in copies.enumerated() {
      let numbers =
        [copy.input, copy.inputOffset, copy.outputOffset] + copy.sizes + copy.inputStrides + copy.outputStrides
      text += " copy\(index)=" + numbers.map(String.init).joined(separator: ",")
    }
    return ProblemKey(uncheckedText: text)
  }

  /// No arithmetic.
  public var operationCount: OperationCount { .none }
  /// Elements moved, read and written.
  public var memoryAccessCost: Int {
    2 * copies.reduce(0) { $0 + $1.sizes.reduce(1, *) } + (fill == nil ? 0 : outputShape.elementCount)
  }
  /// None.
  public typealias Parameters = NoParameters
}
