import LayerKernels

/// A channel whose weights are no whole multiples of a step.
public struct WeightStepError: Error, Equatable, CustomStringConvertible {
  /// The output channel.
  public let channel: Int
  /// The largest magnitude that a multiple may have.
  public let largest: Int

  /// One line that names the channel.
  public var description: String {
    "the weights of output channel \(channel) are no whole multiples of a step, at most \(largest) each"
  }
}

/// Weights in narrow numbers in the order in which tiles read them: panels of channels one after the other, each
/// `[window element][word][channel][term]`, zeros for padding.
struct DotWeights: Sendable {
  /// The words of each channel.
  let wordCount: Int
  private let elements: PackedWeights
  /// Scales, bias and sums of the padded channels.
  private let numbers: PackedWeights
  /// The padded channels.
  private let padded: Int

  /// The first word.
  var words: UnsafeRawPointer { UnsafeRawPointer(elements.start) }
  /// What a step of each channel's sums is worth but for that of the inputs; 1 where weights are floats. Of whole numbers that become
  /// bytes, in steps of the output, and the inputs' step is in it.
  var scales: UnsafePointer<Float> { numbers.start }
  /// What is added to each channel; of whole numbers that become bytes in steps of the output, less what the inputs' zero point adds.
  var bias: UnsafePointer<Float> { numbers.start + padded }
  /// The sum of each channel's weights in whole numbers.
  var sums: UnsafePointer<Int32> {
    UnsafeRawPointer(numbers.start + 2 * padded).assumingMemoryBound(to: Int32.self)
  }

  /// Rounds and packs.
  ///
  /// - Parameter exact: what inputs and weights are where both are whole multiples of steps, which are kept; nil where they are any
  ///   numbers, which are rounded.
  /// - Throws: ``WeightRangeError`` where the type has no number for a weight, ``WeightStepError`` where weights are not what `exact`
  ///   says, `KernelError.noMemory`.
  init(
    _ format: DotFormat, lanes: Int, panels: PanelPlan, filter: Tensor, bias: [Float]?,
    exact: DotProduct.WholeNumbers? = nil
  ) throws {
    let channels = filter.shape[0]
    let inputs = filter.shape[1]
    let depth = filter.shape.elementCount / channels
    let taps = depth / inputs
    let words = format.wordCount(inputs)
    let wordCount = taps * words
    self.wordCount = wordCount
    padded = panels.rows * lanes
    var facts = [Float](repeating: 0, count: 3 * padded)
    let padded = padded
    elements = try PackedWeights(byteCount: padded * wordCount * 4) { packed in
      guard let start = packed.baseAddress else { return }
      var moved: [Float] = []
      for panel in 0..<panels.count {
        let first = panels.firstRow(of: panel) * lanes
        let width = panels.rowCount(of: panel) * lanes
        for channel in first..<min(first + width, channels) {
          let column = start + first * wordCount * 4 + (channel - first) * 4
          try filter.withElements(in: channel * depth..<(channel + 1) * depth, movedThrough: &moved) { weights in
            let (scale, sum) = Self.pack(
              format, weights, scale: try Self.scale(format, weights, channel: channel, largest: exact?.largestWeight),
              inputs: inputs, taps: taps, column, stride: width * 4)
            facts[channel] = scale
            facts[2 * padded + channel] = Float(bitPattern: UInt32(bitPattern: sum))
          }
          facts[padded + channel] = bias?[channel] ?? 0
        }
      }
    }
    if let exact, let outputStep = exact.outputStep {
      for channel in 0..<channels {
        let sum = Float(Int32(bitPattern: facts[2 * padded + channel].bitPattern))
        let scale = facts[channel] * exact.input.scale / outputStep
        facts[channel] = scale
        facts[padded + channel] = facts[padded + channel] / outputStep - Float(exact.input.zeroPoint) * sum * scale
      }
    }
    numbers = try PackedWeights(count: facts.count) { _ = $0.update(fromContentsOf: facts) }
  }

  /// What a step of a channel's weights is worth.
  private static func scale(
    _ format: DotFormat, _ weights: UnsafeBufferPointer<Float>, channel: Int, largest: Int?
  ) throws -> Float {
    if let largest, format.isInteger {
      guard let step = WeightSteps.step(of: weights, largest: largest) else {
        throw WeightStepError(channel: channel, largest: largest)
      }
      return step
    }
    return format.isInteger
      ? try Int8Weights.scale(of: weights, channel: channel) : try BFloat16Weights.scale(of: weights, channel: channel)
  }

  /// Writes one channel's words, `stride` bytes apart.
  ///
  /// - Returns: the channel's scale, and the sum of its weights in whole numbers.
  private static func pack(
    _ format: DotFormat, _ weights: UnsafeBufferPointer<Float>, scale: Float, inputs: Int, taps: Int,
    _ column: UnsafeMutableRawPointer, stride: Int
  ) -> (Float, Int32) {
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
          let whole = Int16((weight / scale).rounded(.toNearestOrEven))
          sum &+= Int32(whole)
          if format.weightByteCount == 1 {
            target.storeBytes(of: Int8(clamping: whole), as: Int8.self)
          } else {
            target.storeBytes(of: whole, as: Int16.self)
          }
        }
        if term == format.group - 1 || input == inputs - 1 { place += stride }
      }
    }
    return (scale, sum)
  }
}
