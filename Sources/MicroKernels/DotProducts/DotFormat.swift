public import LayerKernels

/// How the narrow numbers of a product lie in memory: words of 32 bits, each some terms of one sum side by side.
///
/// An instruction set takes the terms of a word at a time, and there is a format for each instruction that does so.
public struct DotFormat: Hashable, Sendable {
  /// What the arithmetic is in: `s8` or `bf16`.
  public let type: ElementType
  /// The terms of a word: inputs are broadcast a word at a time.
  public let group: Int
  /// The bytes of a weight.
  public let weightByteCount: Int

  /// The bytes of an input.
  public var inputByteCount: Int { 4 / group }

  /// Whether inputs are whole numbers, with a step and a zero of their own.
  public var isInteger: Bool { type != .bf16 }

  /// The word that kernels' names begin with: `int8`, `bf16`.
  public var name: String { isInteger ? "int8" : "bf16" }

  /// Inputs of 8 bits without sign, weights of 8 bits with sign, four a word: `vpdpbusd`.
  public static let bytes = DotFormat(type: .s8, group: 4, weightByteCount: 1)

  /// The same numbers in 16 bits each, two a word: `vpmaddwd`, which is exact where a product of bytes would saturate.
  public static let halfWords = DotFormat(type: .s8, group: 2, weightByteCount: 2)

  /// Upper halves of floats, two a word: `vdpbf16ps`.
  public static let brainFloats = DotFormat(type: .bf16, group: 2, weightByteCount: 2)

  /// Whether sums of a product's terms are exact in this format: whole multiples of steps, weights that the format has numbers for,
  /// and no more terms than 32 bits hold.
  public func isExact(for operands: IntegerOperands?, depth: Int) -> Bool {
    guard isInteger, let operands else { return false }
    let largest = operands.largestWeight
    return largest < 1 << (8 * weightByteCount - 1) && depth <= Int(Int32.max) / (255 * largest)
  }

  /// The most terms of a sum: the products of 255 and −127 of more may not fit 32 bits.
  public static let maximumDepth = 65536

  /// The words that so many channels of a pixel take.
  public func wordCount(_ channels: Int) -> Int { (channels + group - 1) / group }
}
