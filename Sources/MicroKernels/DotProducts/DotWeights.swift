import LayerKernels

/// Weights in narrow numbers in the order in which tiles read them: panels of channels one after the other, each
/// `[window element][word][channel][term]`, zeros for padding.
struct DotWeights: Sendable {
  /// The words of each channel.
  let wordCount: Int
  private let elements: PackedWeights
  /// Scales, bias and sums of the padded channels.
  private let numbers: PackedWeights

  /// The first word.
  var words: UnsafeRawPointer { UnsafeRawPointer(elements.start) }
  /// What a step of each channel's weights is worth; 1 where they are floats.
  var scales: UnsafePointer<Float> { numbers.start }
  /// What is added to each channel.
  var bias: UnsafePointer<Float> { numbers.start + numbers.count / 3 }
  /// The sum of each channel's weights in whole numbers.
  var sums: UnsafePointer<Int32> {
    UnsafeRawPointer(numbers.start + numbers.count / 3 * 2).assumingMemoryBound(to: Int32.self)
  }

  /// Rounds and packs.
  ///
  /// - Throws: ``WeightRangeError`` where the type has no number for a weight, `KernelError.noMemory`.
  init(_ format: DotFormat, lanes: Int, panels: PanelPlan, filter: Tensor, bias: [Float]?) throws {
    let channels = filter.shape[0]
    let inputs = filter.shape[1]
    let depth = filter.shape.elementCount / channels
    let taps = depth / inputs
    let words = format.wordCount(inputs)
    let wordCount = taps * words
    self.wordCount = wordCount
    let padded = panels.rows * lanes
    var facts = [Float](repeating: 0, count: 3 * padded)
    elements = try PackedWeights(byteCount: padded * wordCount * 4) { packed in
      guard let start = packed.baseAddress else { return }
      var moved: [Float] = []
      for panel in 0..<panels.count {
        let first = panels.firstRow(of: panel) * lanes
        let width = panels.rowCount(of: panel) * lanes
        for channel in first..<min(first + width, channels) {
          let column = start + first * wordCount * 4 + (channel - first) * 4
          try filter.withElements(in: channel * depth..<(channel + 1) * depth, movedThrough: &moved) { weights in
            let (scale, sum) = try Self.pack(
              format, weights, channel: channel, inputs: inputs, taps: taps, column, stride: width * 4)
            facts[channel] = scale
            facts[2 * padded + channel] = Float(bitPattern: UInt32(bitPattern: sum))
          }
          facts[padded + channel] = bias?[channel] ?? 0
        }
      }
    }
    numbers = try PackedWeights(count: facts.count) { _ = $0.update(fromContentsOf: facts) }
  }

  /// Writes one channel's words, `stride` bytes apart.
  ///
  /// - Returns: the channel's scale, and the sum of its weights in whole numbers.
  private static func pack(
    _ format: DotFormat, _ weights: UnsafeBufferPointer<Float>, channel: Int, inputs: Int, taps: Int,
    _ column: UnsafeMutableRawPointer, stride: Int
  ) throws(WeightRangeError) -> (Float, Int32) {
    let scale =
      format.isInteger
      ? try Int8Weights.scale(of: weights, channel: channel) : try BFloat16Weights.scale(of: weights, channel: channel)
    var sum: Int32 = 0
    var place = column
    for tap in 0..<taps {
      for input in 0..<inputs {
        let term = input % format.group
        let target = place + term * format.weightByteCount
        let weight = weights[input * taps + tap]
        if !format.isInteger {
          BFloat16Weights.store(weight, target)
        } else {
          let whole = Int8Weights.whole(weight / scale)
          sum &+= Int32(whole)
          if format.weightByteCount == 1 {
            target.storeBytes(of: whole, as: Int8.self)
          } else {
            target.storeBytes(of: Int16(whole), as: Int16.self)
          }
        }
        if term == format.group - 1 || input == inputs - 1 { place += stride }
      }
    }
    return (scale, sum)
  }
}
