import LayerKernels
import MicroKernels
import Testing

extension TileSize {
  /// The tiles of windows with channels along the lanes; a tail of 1 stands for lanes with an input each.
  static let windowChannelTiles = runnableSets.flatMap { set in
    (1...WindowChannelTable.maximumRows).flatMap { rows in
      (1...WindowChannelTable.maximumVectors).flatMap { vectors in
        [false, true].compactMap { isSpread in
          set.windowTiles.channels.tile(rows: rows, vectors: vectors, isSpread: isSpread) == nil
            ? nil : TileSize(set: set, rows: rows, vectors: vectors, tail: isSpread ? 1 : 0)
        }
      }
    }
  }
}

@Suite("Tiles of windows with channels along the lanes")
struct WindowChannelTileTests {
  @Test("every instruction set that runs here has them, with both kinds of lanes")
  func tablesAreFilled() {
    for set in runnableSets {
      let table = set.windowTiles.channels
      #expect(table.maximumRows(vectors: 1, isSpread: false) >= 4)
      #expect(table.maximumRows(vectors: 2, isSpread: false) >= 4)
      #expect(table.maximumRows(vectors: 1, isSpread: true) >= 4)
      #expect(table.tile(rows: 1, vectors: 2, isSpread: true) == nil)
      #expect(table.tile(rows: 17, vectors: 1, isSpread: false) == nil)
    }
  }

  @Test(
    "are the convolution by the definition, and touch no channel that there is not",
    arguments: TileSize.windowChannelTiles)
  func tile(size: TileSize) throws {
    let isSpread = size.tail == 1
    let table = size.set.windowTiles.channels
    let tile = try #require(table.tile(rows: size.rows, vectors: size.vectors, isSpread: isSpread))
    var random = RandomSource(seed: 11)
    let lanes = table.lanes
    let width = size.vectors * lanes
    let (runCount, runLength, tiles, rows) = (3, 5, 2, 2)
    let depth = runCount * runLength
    let step = isSpread ? lanes : 1
    for (index, activation) in tileActivations.enumerated() {
      let channels = [width, width - lanes + 1, width - 1][index % 3]
      guard channels > width - lanes else { continue }
      let pixels = size.rows * tiles
      let inputStep = 2 * step
      let inputRowStep = (pixels + 9) * inputStep
      let outputStep = channels + 3
      let weights = random.block(depth * width + 16)
      let bias = random.block(width)
      let inputs = random.block((rows + runCount) * inputRowStep + runLength * step)
      let addends = random.block(rows * pixels * outputStep)
      let outputs = Block<Float>(repeating: 77, count: rows * pixels * outputStep)
      let runs = Block((0..<runCount).map { Int32($0 * inputRowStep) })
      var arguments = WindowChannelTileArguments(
        weights: weights.start, bias: bias.start, inputs: inputs.start, runs: runs.start, outputs: outputs.start,
        activation: TileActivation(activation))
      arguments.runCount = runCount
      arguments.runLength = runLength
      arguments.inputStep = inputStep
      arguments.inputRowStep = inputRowStep
      arguments.outputStep = outputStep
      arguments.outputRowStep = pixels * outputStep
      arguments.channels = channels
      arguments.tileCount = tiles
      arguments.rowCount = rows
      if index % 2 == 0 { arguments.addends = UnsafePointer(addends.start) }
      tile(&arguments)
      for place in 0..<rows * pixels {
        for channel in 0..<channels {
          var sum = Double(bias[channel])
          if index % 2 == 0 { sum += Double(addends[place * outputStep + channel]) }
          for k in 0..<depth {
            let start = place / pixels * inputRowStep + place % pixels * inputStep + Int(runs[k / runLength])
            let input = inputs[start + k % runLength * step + (isSpread ? channel : 0)]
            sum += Double(weights[k * width + channel]) * Double(input)
          }
          let found = Double(outputs[place * outputStep + channel])
          #expect(abs(found - activation(sum)) < 1e-5 * Double(depth + 1), "\(activation) \(place) \(channel)")
        }
        #expect((channels..<outputStep).allSatisfy { outputs[place * outputStep + $0] == 77 })
      }
    }
  }

  @Test("channels are spread over lanes as the table says", arguments: [1, 3, 4, 8, 16, 24])
  func spread(count: Int) {
    for set in runnableSets {
      let table = set.windowTiles.channels
      var random = RandomSource(seed: 12)
      let (pixels, vectors, pitch) = (5, 3, count + 2)
      let source = random.block((pixels - 1) * pitch + count)
      let width = vectors * table.lanes
      let places = Block((0..<width).map { Int32($0 * 7 % count) })
      let target = Block<Float>(repeating: 77, count: pixels * width)
      var arguments = ChannelSpreadArguments(
        source: source.start, sourceStep: pitch, sourceCount: count, target: target.start, places: places.start,
        vectorCount: vectors, pixelCount: pixels)
      table.spread(&arguments)
      for place in 0..<pixels * width {
        #expect(target[place] == source[place / width * pitch + Int(places[place % width])])
      }
    }
  }
}
