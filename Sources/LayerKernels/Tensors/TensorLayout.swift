/// How an activation's elements lie in memory.
///
/// A kernel says for each operand which layout it reads or writes (``OperandLayouts``); where neighbours disagree the
/// network converts, and the tuner counts what the conversion costs.
public enum TensorLayout: String, Hashable, Sendable, CaseIterable, Codable {
  /// Dense and row-major: `[N, C, H, W]` without gaps, or any other rank. What files and callers hand over.
  case rowMajor

  /// N·C planes of H·W elements, each wherever the operand's offset table says.
  ///
  /// Every plane starts on a 64-byte boundary and has slack after it up to the next boundary. A kernel may read the
  /// slack and write anything into it. Because a channel is a row of the table, a channel shuffle, split or
  /// concatenation permutes the table and moves no bytes.
  case planeList

  /// Pixels outermost, channels innermost, without gaps: `[N, H, W, C]`.
  case channelsLast

  /// The same with a byte for each number: which of its multiples it is, counted from ``Quantisation/zeroPoint``.
  ///
  /// Only what the problem says to be multiples of a step, few enough for a byte, can lie so.
  case bytes

  /// Whether channels are innermost.
  public var isChannelsLast: Bool { self == .channelsLast || self == .bytes }

  /// What a number is stored as.
  public var type: ElementType { self == .bytes ? .u8 : .f32 }

  /// The floats that as many elements take, the last of them whole.
  package func floatCount(_ elements: Int) -> Int { self == .bytes ? (elements + 3) / 4 : elements }
}

/// The layouts that one candidate reads and writes.
public struct OperandLayouts: Hashable, Sendable {
  /// One layout for each input, in the problem's order of inputs.
  public var inputs: [TensorLayout]

  /// The layout of the output.
  public var output: TensorLayout

  /// Layouts for the inputs and the output.
  public init(inputs: [TensorLayout], output: TensorLayout) {
    self.inputs = inputs
    self.output = output
  }

  /// One layout for `inputCount` inputs and the output.
  public init(all layout: TensorLayout, inputCount: Int = 1) {
    self.init(inputs: Array(repeating: layout, count: inputCount), output: layout)
  }
}
