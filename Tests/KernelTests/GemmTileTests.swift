import HostPlatform
import LayerKernels
import MicroKernels
import StandardKernels
import Testing

/// The micro-kernel sets that this machine can run.
let runnableSets = InstructionSet.supported(on: .current).map { MicroKernelSet($0) }

/// A size of a tile of an instruction set.
struct TileSize: CustomTestStringConvertible, Sendable {
  let set: MicroKernelSet
  let rows: Int
  let vectors: Int
  let tail: Int

  var testDescription: String { "\(set.name) \(rows)x\(vectors)\(tail > 0 ? "+\(tail)" : "")" }

  static let pixelTiles = runnableSets.flatMap { set in
    (1...PixelTileTable.maximumRows).flatMap { rows in
      (1...PixelTileTable.maximumVectors).flatMap { vectors in
        PixelTileTable.tails.compactMap { tail in
          set.pixelTiles.tile(rows: rows, vectors: vectors, tail: tail) == nil
            ? nil : TileSize(set: set, rows: rows, vectors: vectors, tail: tail)
        }
      }
    }
  }

  static let channelTiles = runnableSets.flatMap { set in
    (1...ChannelTileTable.maximumRows).flatMap { rows in
      (1...ChannelTileTable.maximumVectors).compactMap { vectors in
        set.channelTiles.tile(rows: rows, vectors: vectors) == nil
          ? nil : TileSize(set: set, rows: rows, vectors: vectors, tail: 0)
      }
    }
  }
}

/// The activations that tiles apply.
let tileActivations: [Activation] = [
  .identity, .relu, .relu6, .clip(lower: -0.25, upper: 0.5), .leakyRelu(slope: 0.1), .hardSwish,
  .hardSigmoid(alpha: 0.2, beta: 0.5), .softsign, .sigmoid, .tanh, .swish, .scaledSwish(alpha: 1.702), .gelu, .geluTanh,
  .mish, .elu(alpha: 0.7), .celu(alpha: 0.5), .selu(alpha: 1.67, gamma: 1.05), .softplus, .erf,
]

@Suite("Matrix product tiles")
struct GemmTileTests {
  @Test("every instruction set that runs here has tiles of one row and of many, with and without a tail")
  func tablesAreFilled() {
    for set in runnableSets {
      #expect(set.pixelTiles.maximumRows(vectors: 1) >= 4)
      #expect(set.pixelTiles.maximumRows(vectors: 2) >= 4)
      #expect(set.channelTiles.maximumRows(vectors: 2) >= 4)
      #expect(set.pixelTiles.tile(rows: 1, vectors: 1, tail: 1) != nil)
      #expect(set.pixelTiles.tile(rows: 0, vectors: 1) == nil)
      #expect(set.channelTiles.tile(rows: 17, vectors: 1) == nil)
    }
  }

  @Test("a pixel tile is the product by the definition, for each epilogue", arguments: TileSize.pixelTiles)
  func pixelTile(size: TileSize) throws {
    let tile = try #require(size.set.pixelTiles.tile(rows: size.rows, vectors: size.vectors, tail: size.tail))
    var random = RandomSource(seed: 7)
    let width = size.vectors * size.set.pixelTiles.lanes
    for (depth, panels, groups) in [(1, 1, 1), (5, 2, 1), (9, 1, 3), (3, 3, 2)] where size.tail == 0 || groups == 1 {
      for (index, activation) in tileActivations.enumerated() {
        let hasAddend = index % 2 == 1
        let rows = size.rows * panels
        let pixels = width * groups + size.tail
        let pitch = pixels + 16
        let weights = random.block(panels * depth * size.rows + 16)
        let bias = random.block(rows + 16)
        let inputs = random.block(depth * pitch + 32)
        let addends = random.block(rows * pitch)
        let outputs = Block<Float>(repeating: 77, count: rows * pitch)
        // Planes in another order than the offsets, as a shuffled concatenation has them.
        let inputOffsets = Block((0..<depth).map { Int32(($0 * 2 + 1) % depth * pitch) })
        let order = Block((0..<rows).reversed().map { Int32($0 * pitch) })
        var arguments = PixelTileArguments(
          weights: weights.start, panelStride: depth * size.rows, inputs: inputs.start,
          inputOffsets: inputOffsets.start, outputs: outputs.start, outputOffsets: order.start, bias: bias.start,
          depth: depth, panelCount: panels, groupCount: groups, activation: TileActivation(activation))
        if hasAddend { arguments.addends = UnsafePointer(addends.start) }
        tile(&arguments)
        for row in 0..<rows {
          for pixel in 0..<pixels {
            var sum = Double(bias[row])
            if hasAddend { sum += Double(addends[Int(order[row]) + pixel]) }
            for k in 0..<depth {
              let weight = weights[(row / size.rows * depth + k) * size.rows + row % size.rows]
              sum += Double(weight) * Double(inputs[Int(inputOffsets[k]) + pixel])
            }
            let found = Double(outputs[Int(order[row]) + pixel])
            #expect(abs(found - activation(sum)) < 1e-5 * Double(depth + 1), "\(activation) row \(row) pixel \(pixel)")
          }
          #expect((pixels..<pitch).allSatisfy { outputs[Int(order[row]) + $0] == 77 })
        }
      }
    }
  }

  @Test("a channel tile is the product by the definition, for each epilogue", arguments: TileSize.channelTiles)
  func channelTile(size: TileSize) throws {
    let tile = try #require(size.set.channelTiles.tile(rows: size.rows, vectors: size.vectors))
    var random = RandomSource(seed: 8)
    let width = size.vectors * size.set.channelTiles.lanes
    for (depth, panels) in [(1, 1), (6, 2)] {
      for (index, activation) in tileActivations.enumerated() {
        let hasAddend = index % 2 == 0
        let channels = width * panels
        let stride = channels + 3
        let weights = random.block(panels * depth * width)
        let bias = random.block(channels)
        let inputs = random.block(depth * 20)
        let addends = random.block(size.rows * stride)
        let outputs = Block<Float>(repeating: 77, count: size.rows * stride)
        let offsets = Block((0..<depth).map { Int32(($0 * 5 + 2) % depth * 20) })
        var arguments = ChannelTileArguments(
          weights: weights.start, panelStride: depth * width, inputs: inputs.start, inputOffsets: offsets.start,
          outputs: outputs.start, outputStride: stride, bias: bias.start, depth: depth, panelCount: panels,
          activation: TileActivation(activation))
        if hasAddend { arguments.addends = UnsafePointer(addends.start) }
        tile(&arguments)
        for pixel in 0..<size.rows {
          for channel in 0..<channels {
            var sum = Double(bias[channel])
            if hasAddend { sum += Double(addends[pixel * stride + channel]) }
            for k in 0..<depth {
              let weight = weights[(channel / width * depth + k) * width + channel % width]
              sum += Double(weight) * Double(inputs[Int(offsets[k]) + pixel])
            }
            let found = Double(outputs[pixel * stride + channel])
            #expect(abs(found - activation(sum)) < 1e-5 * Double(depth + 1), "\(activation) \(pixel) \(channel)")
          }
          #expect((channels..<stride).allSatisfy { outputs[pixel * stride + $0] == 77 })
        }
      }
    }
  }

  @Test("a NaN goes through a clamp as a NaN", arguments: runnableSets.map(\.name))
  func keepsNaN(name: String) throws {
    let set = try #require(runnableSets.first { $0.name == name })
    let tile = try #require(set.pixelTiles.tile(rows: 1, vectors: 1))
    let outputs = Block<Float>(repeating: 0, count: 16)
    let offset = Block<Int32>([0])
    let inputs = Block<Float>(repeating: .nan, count: 48)
    let (one, zero) = (Block<Float>(repeating: 1, count: 32), Block<Float>(repeating: 0, count: 16))
    var arguments = PixelTileArguments(
      weights: one.start, panelStride: 1, inputs: inputs.start, inputOffsets: offset.start, outputs: outputs.start,
      outputOffsets: offset.start, bias: zero.start, depth: 1, activation: TileActivation(.relu6))
    tile(&arguments)
    #expect((0..<set.pixelTiles.lanes).allSatisfy { outputs[$0].isNaN })
  }
}

/// Memory whose address lasts as long as it does.
final class Block<Element: BitwiseCopyable> {
  private let elements: UnsafeMutableBufferPointer<Element>

  init(_ values: some Collection<Element>) {
    elements = .allocate(capacity: max(values.count, 1))
    _ = elements.initialize(from: values)
  }

  convenience init(repeating value: Element, count: Int) { self.init(repeatElement(value, count: count)) }

  deinit { elements.deallocate() }

  /// The first element.
  var start: UnsafeMutablePointer<Element> { elements.baseAddress! }

  subscript(index: Int) -> Element { elements[index] }
}

extension RandomSource {
  /// So many numbers in [−1, 1).
  mutating func block(_ count: Int) -> Block<Float> { Block((0..<count).map { _ in nextFloat() }) }
}
