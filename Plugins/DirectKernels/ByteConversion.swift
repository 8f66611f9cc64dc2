import LayerKernels
import MicroKernels

/// An activation copied from floats to bytes or back: some pixels at a time, by way of their floats in channels last where the layout of
/// floats is another.
struct PreparedByteConversion: PreparedKernel {
  private let batch: Int
  private let channels: Int
  private let pixels: Int
  /// The layout of the floats.
  private let layout: TensorLayout
  private let writesBytes: Bool
  private let steps: Quantisation
  private let bytes: ByteFunctionTable
  private let transpose: MicroKernelFunction<TransposeArguments>

  /// Pixels whose floats stay near.
  private static let block = 64

  init(
    shape: TensorShape, source: TensorLayout, destination: TensorLayout, steps: Quantisation,
    bytes: ByteFunctionTable, transpose: MicroKernelFunction<TransposeArguments>
  ) {
    batch = shape[0]
    channels = shape[1]
    pixels = shape[2] * shape[3]
    writesBytes = destination == .bytes
    layout = writesBytes ? source : destination
    self.steps = steps
    self.bytes = bytes
    self.transpose = transpose
  }

  private var blockCount: Int { AlignedMemory.paddedCount(Self.block * channels) }

  func workspaceSize(workers: Int) -> Int { layout == .channelsLast ? 0 : workers * blockCount * 4 }

  func run(_ operands: LayerOperands, phase: Int, worker: Worker) {
    let (floats, numbers) =
      writesBytes ? (operands.input, operands.output.bytes) : (operands.output, operands.input.bytes)
    if layout == .channelsLast {
      let share = worker.share(of: batch * pixels * channels, granule: AlignedMemory.elementAlignment)
      convert(floats.base + share.lowerBound, numbers + share.lowerBound, count: share.count)
      return
    }
    let near = operands.workspace.assumingMemoryBound(to: Float.self) + worker.index * blockCount
    let blocks = (pixels + Self.block - 1) / Self.block
    for item in worker.share(of: batch * blocks) {
      let (image, block) = item.quotientAndRemainder(dividingBy: blocks)
      let first = block * Self.block
      let count = min(Self.block, pixels - first)
      let place = numbers + (image * pixels + first) * channels
      if writesBytes {
        rearrange(floats, image, first, count, near)
        convert(near, place, count: count * channels)
      } else {
        convert(near, place, count: count * channels)
        rearrange(floats, image, first, count, near)
      }
    }
  }

  /// Numbers that lie side by side in both.
  private func convert(_ floats: UnsafeMutablePointer<Float>, _ numbers: UnsafeMutablePointer<UInt8>, count: Int) {
    if writesBytes {
      var arguments = StagingArguments(
        source: floats, count: count, target: numbers, targetStride: 0, InputQuantisation(steps))
      bytes.narrow(&arguments)
    } else {
      var arguments = WideningArguments(
        source: numbers, count: count, target: floats, step: steps.step, zeroPoint: Float(steps.zeroPoint))
      bytes.widen(&arguments)
    }
  }

  /// Brings some pixels of planes together, or puts them back.
  private func rearrange(
    _ floats: TensorOperand, _ image: Int, _ first: Int, _ count: Int, _ near: UnsafeMutablePointer<Float>
  ) {
    let isList = layout == .planeList
    let place = isList ? first : image * channels * pixels + first
    let rows = isList ? floats.planes + image * channels : nil
    if writesBytes {
      var arguments = TransposeArguments(
        source: floats.base + place, sourceStride: pixels, target: near, targetStride: channels, rows: channels,
        columns: count)
      arguments.sourceRows = rows
      transpose(&arguments)
    } else {
      var arguments = TransposeArguments(
        source: near, sourceStride: channels, target: floats.base + place, targetStride: pixels, rows: count,
        columns: channels)
      arguments.targetRows = rows
      transpose(&arguments)
    }
  }
}
