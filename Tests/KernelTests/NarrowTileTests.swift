import LayerKernels
import MicroKernels
import StandardKernels
import Testing

/// A size of a tile of products of narrow numbers.
struct NarrowTileSize: CustomTestStringConvertible, Sendable {
  let set: MicroKernelSet
  let table: DotTable
  let rows: Int
  let vectors: Int

  var testDescription: String { "\(set.name) \(table.format.name) \(rows)x\(vectors)" }

  static let all: [NarrowTileSize] = runnableSets.flatMap { set in
    set.dotTables.values.flatMap { table in
      (1...DotTable.maximumRows).flatMap { rows in
        (1...DotTable.maximumVectors).compactMap { vectors in
          table.hasTile(rows: rows, vectors: vectors)
            ? NarrowTileSize(set: set, table: table, rows: rows, vectors: vectors) : nil
        }
      }
    }
  }
}

/// Operands of one tile in plain numbers, and as a format has them in memory.
private struct NarrowOperands {
  let table: DotTable
  let width: Int
  let runs: Int
  let runLength: Int
  /// By pixel, then by term.
  let inputs: [[Double]]
  /// By channel, then by term.
  let weights: [[Double]]
  private let inputBytes: Block<UInt8>
  private let weightBytes: Block<UInt8>
  private let pixelOffsets: Block<Int32>
  private let runOffsets: Block<Int32>

  var depth: Int { runs * runLength * table.format.group }

  init(
    _ table: DotTable, rows: Int, width: Int, runs: Int, runLength: Int, input: () -> Double, weight: () -> Double
  ) {
    let format = table.format
    (self.table, self.width, self.runs, self.runLength) = (table, width, runs, runLength)
    let words = runs * runLength
    let depth = words * format.group
    let inputs = (0..<rows).map { _ in (0..<depth).map { _ in input() } }
    let weights = (0..<width).map { _ in (0..<depth).map { _ in weight() } }
    // Pixels lie in another order than that of the tile, and runs apart.
    let pitch = 4 * (runLength + 3)
    let pixelOffsets = (0..<rows).map { Int32(($0 * 3 + 1) % rows * runs * pitch) }
    let runOffsets = (0..<runs).map { Int32((runs - 1 - $0) * pitch) }
    inputBytes = Block(repeating: 0xA5, count: rows * runs * pitch)
    weightBytes = Block(repeating: 0, count: words * width * 4)
    func store(_ value: Double, _ place: UnsafeMutablePointer<UInt8>, byteCount: Int) {
      let raw = UnsafeMutableRawPointer(place)
      if !format.isInteger {
        raw.storeBytes(of: BFloat16(Float(value)).bitPattern, as: UInt16.self)
      } else if byteCount == 1 {
        raw.storeBytes(of: UInt8(truncatingIfNeeded: Int(value)), as: UInt8.self)
      } else {
        raw.storeBytes(of: Int16(value), as: Int16.self)
      }
    }
    for (pixel, terms) in inputs.enumerated() {
      // Two pixels may share a place where their number is divisible by three.
      for (k, value) in terms.enumerated() {
        let (word, term) = k.quotientAndRemainder(dividingBy: format.group)
        let start = Int(pixelOffsets[pixel] + runOffsets[word / runLength])
        store(
          value, inputBytes.start + start + word % runLength * 4 + term * format.inputByteCount,
          byteCount: format.inputByteCount)
      }
    }
    for (channel, terms) in weights.enumerated() {
      for (k, value) in terms.enumerated() {
        let (word, term) = k.quotientAndRemainder(dividingBy: format.group)
        store(
          value, weightBytes.start + (word * width + channel) * 4 + term * format.weightByteCount,
          byteCount: format.weightByteCount)
      }
    }
    // What a later pixel wrote over an earlier one is both of theirs.
    self.inputs = (0..<rows).map { pixel in
      inputs[(0..<rows).last { pixelOffsets[$0] == pixelOffsets[pixel] } ?? pixel]
    }
    self.weights = weights
    self.pixelOffsets = Block(pixelOffsets)
    self.runOffsets = Block(runOffsets)
  }

  func sum(_ pixel: Int, _ channel: Int) -> Double {
    zip(inputs[pixel], weights[channel]).reduce(0) { $0 + $1.0 * $1.1 }
  }

  /// Runs a tile.
  func run(
    _ tile: MicroKernelFunction<DotTileArguments>, scales: Block<Float>, bias: Block<Float>, pixelScales: Block<Float>,
    zeroPoints: Block<Int32>, pixelStep: Int, outputs: Block<Float>, stride: Int,
    _ change: (inout DotTileArguments) -> Void = { _ in }
  ) {
    let sums = Block(
      weights.map { table.format.isInteger ? Int32($0.reduce(0, +)) : 0 })
    var arguments = DotTileArguments(
      weights: weightBytes.start, inputs: inputBytes.start, pixelOffsets: pixelOffsets.start,
      runOffsets: runOffsets.start, runCount: runs, runLength: runLength, scales: scales.start, bias: bias.start,
      weightSums: sums.start, pixelScales: pixelScales.start, zeroPoints: zeroPoints.start, pixelStep: pixelStep,
      outputs: outputs.start, outputStride: stride)
    change(&arguments)
    withExtendedLifetime(sums) { tile(&arguments) }
  }
}

@Suite("Tiles with products of narrow numbers")
struct NarrowTileTests {
  @Test("a set has those that its processor is faster at")
  func tables() throws {
    for set in runnableSets {
      let table = try #require(set.dotTables[.s8])
      #expect(table.lanes == set.channelTiles.lanes && table.maximumRows(vectors: 2) >= 4)
    }
    #expect(MicroKernelSet(.portable).dotTables[.bf16] != nil)
    #if arch(x86_64)
      guard runnableSets.contains(where: { $0.name == "avx2" }) else { return }
      #expect(MicroKernelSet(.avx2, features: []).dotTables[.s8]?.format == .halfWords)
      #expect(MicroKernelSet(.avx2, features: [.avxVNNI]).dotTables[.s8]?.format == .bytes)
      #expect(MicroKernelSet(.avx2, features: [.avxVNNI]).dotTables[.bf16] == nil)
      guard runnableSets.contains(where: { $0.name == "avx512" }) else { return }
      let plain = MicroKernelSet(.avx512, features: [])
      #expect(plain.dotTables[.s8]?.format == .halfWords && plain.dotTables[.bf16] == nil)
      let full = MicroKernelSet(.avx512, features: [.avx512VNNI, .avx512BF16])
      #expect(full.dotTables[.s8]?.format == .bytes && full.dotTables[.bf16]?.format == .brainFloats)
      #expect(full.dotTables.values.allSatisfy { $0.lanes == 16 && $0.maximumRows(vectors: 2) >= 12 })
    #endif
  }

  @Test(
    "sums of whole numbers are exact, those of the largest ones as well",
    arguments: NarrowTileSize.all.filter(\.table.format.isInteger), [false, true])
  func exact(size: NarrowTileSize, isExtreme: Bool) throws {
    let tile = try #require(size.table.tile(rows: size.rows, vectors: size.vectors))
    let width = size.vectors * size.table.lanes
    var random = RandomSource(seed: 5)
    for zeroPoint: Int32 in [0, 3, 128, 255] {
      let operands = NarrowOperands(
        size.table, rows: size.rows, width: width, runs: 3, runLength: 5,
        input: { isExtreme ? 255 : Double(Int((random.nextFloat() + 1) * 127.9)) },
        weight: { isExtreme ? (random.nextFloat() < 0 ? -128 : 127) : Double(Int(random.nextFloat() * 127.9)) })
      let stride = width + 3
      let outputs = Block<Float>(repeating: 77, count: size.rows * stride)
      operands.run(
        tile, scales: Block(repeating: 1, count: width), bias: Block(repeating: 0, count: width),
        pixelScales: Block(repeating: 1, count: 1), zeroPoints: Block(repeating: zeroPoint, count: 1), pixelStep: 0,
        outputs: outputs, stride: stride)
      for pixel in 0..<size.rows {
        for channel in 0..<width {
          let expected = operands.sum(pixel, channel) - Double(zeroPoint) * operands.weights[channel].reduce(0, +)
          // Below 2²⁴ every whole number is a float.
          #expect(abs(expected) < 0x1p24 && Double(outputs[pixel * stride + channel]) == expected)
        }
        #expect((width..<stride).allSatisfy { outputs[pixel * stride + $0] == 77 })
      }
    }
  }

  @Test("the longest sums that kernels take fit", arguments: runnableSets.map(\.name))
  func longest(name: String) throws {
    let table = try #require(runnableSets.first { $0.name == name }?.dotTables[.s8])
    let tile = try #require(table.tile(rows: 1, vectors: 1))
    let words = DotFormat.maximumDepth / table.format.group
    for (zeroPoint, factor) in [(0, 255.0), (255, 0.0)] {
      let operands = NarrowOperands(
        table, rows: 1, width: table.lanes, runs: 1, runLength: words, input: { factor }, weight: { -127 })
      let outputs = Block<Float>(repeating: 0, count: table.lanes)
      operands.run(
        tile, scales: Block(repeating: 1, count: table.lanes), bias: Block(repeating: 0, count: table.lanes),
        pixelScales: Block(repeating: 1, count: 1), zeroPoints: Block(repeating: Int32(zeroPoint), count: 1),
        pixelStep: 0, outputs: outputs, stride: table.lanes)
      let expected = Float(DotFormat.maximumDepth * 255 * 127) * (zeroPoint == 0 ? -1 : 1)
      #expect((0..<table.lanes).allSatisfy { outputs[$0] == expected })
    }
  }

  @Test("scales, bias, residual and bounds come after the sums, in floats", arguments: NarrowTileSize.all)
  func epilogues(size: NarrowTileSize) throws {
    let tile = try #require(size.table.tile(rows: size.rows, vectors: size.vectors))
    let width = size.vectors * size.table.lanes
    let isInteger = size.table.format.isInteger
    var random = RandomSource(seed: 6)
    let operands = NarrowOperands(
      size.table, rows: size.rows, width: width, runs: 2, runLength: 7,
      input: {
        isInteger ? Double(Int((random.nextFloat() + 1) * 127.9)) : Double(Float(BFloat16(random.nextFloat())))
      },
      weight: { isInteger ? Double(Int(random.nextFloat() * 127.9)) : Double(Float(BFloat16(random.nextFloat()))) })
    let unit: Float = isInteger ? 1 / 127 : 1
    let stride = width + 1
    let scales = Block((0..<width).map { _ in isInteger ? random.nextFloat() * unit : 1 })
    let bias = random.block(width)
    let pixelScales = Block((0..<size.rows).map { _ in isInteger ? (random.nextFloat() + 2) * unit : 1 })
    let zeroPoints = Block((0..<size.rows).map { isInteger ? Int32($0 * 17) : 0 })
    let addends = random.block(size.rows * stride)
    for (hasAddends, isBounded) in [(false, false), (true, false), (true, true)] {
      let outputs = Block<Float>(repeating: 77, count: size.rows * stride)
      operands.run(
        tile, scales: scales, bias: bias, pixelScales: pixelScales, zeroPoints: zeroPoints, pixelStep: 1,
        outputs: outputs, stride: stride
      ) {
        if hasAddends { $0.addends = UnsafePointer(addends.start) }
        if isBounded { ($0.lower, $0.upper) = (-0.25, 0.5) }
      }
      for pixel in 0..<size.rows {
        for channel in 0..<width {
          var expected =
            operands.sum(pixel, channel) - Double(zeroPoints[pixel]) * operands.weights[channel].reduce(0, +)
          expected = expected * Double(scales[channel]) * Double(pixelScales[pixel]) + Double(bias[channel])
          if hasAddends { expected += Double(addends[pixel * stride + channel]) }
          if isBounded { expected = min(max(expected, -0.25), 0.5) }
          #expect(abs(Double(outputs[pixel * stride + channel]) - expected) < 2e-5, "\(pixel) \(channel)")
        }
      }
    }
  }
}

@Suite("The conversion to narrow numbers")
struct NarrowStagingTests {
  @Test("a range is the least and the greatest of any number of elements and 0", arguments: runnableSets.map(\.name))
  func ranges(name: String) throws {
    let table = try #require(runnableSets.first { $0.name == name }?.dotTables[.s8])
    var random = RandomSource(seed: 7)
    for count in Array(1...70) + [129, 1000] {
      let values = (0..<count).map { _ in random.nextFloat(magnitude: 3) + (count % 3 == 0 ? 4 : 0) }
      for fault: Float? in [nil, .nan, .infinity, -.infinity] {
        var elements = values
        if let fault { elements[count * 2 / 3] = fault }
        let source = Block(elements)
        let range = Block<Float>(repeating: 0, count: 3)
        var arguments = RangeArguments(source: source.start, count: count, range: range.start)
        table.range(&arguments)
        if fault == nil {
          #expect(range[0] == min(values.min() ?? 0, 0) && range[1] == max(values.max() ?? 0, 0) && range[2] == 0)
        } else {
          #expect(range[2].isNaN && InputQuantisation(range: range.start).scale.isNaN)
        }
      }
    }
  }

  @Test("numbers are the nearest, zero is exact, and only the target is written", arguments: runnableSets.map(\.name))
  func numbers(name: String) throws {
    let set = try #require(runnableSets.first { $0.name == name })
    var random = RandomSource(seed: 8)
    for table in set.dotTables.values {
      let bytes = table.format.inputByteCount
      for count in Array(1...37) + [100] {
        var elements = (0..<2 * count).map { _ in random.nextFloat(magnitude: 3) + (count % 3 == 0 ? 4 : 0) }
        elements[0] = 0
        let range = Block([min(elements.min() ?? 0, 0), max(elements.max() ?? 0, 0), 0])
        let quantisation = table.format.isInteger ? InputQuantisation(range: range.start) : .none
        if table.format.isInteger, count % 3 == 0 { #expect(quantisation.zeroPoint == 0) }
        let pitch = table.format.wordCount(count) * 4
        let target = Block<UInt8>(repeating: 0xA5, count: 2 * pitch + 8)
        let source = Block(elements)
        var arguments = StagingArguments(
          source: source.start, count: count, rows: 2, sourceStride: count, target: target.start, targetStride: pitch,
          quantisation)
        table.stage(&arguments)
        for row in 0..<2 {
          for index in 0..<count {
            let value = elements[row * count + index]
            let place = UnsafeRawPointer(target.start + row * pitch + index * bytes)
            if !table.format.isInteger {
              #expect(place.loadUnaligned(as: UInt16.self) == BFloat16(value).bitPattern)
              continue
            }
            let number = bytes == 1 ? Int(place.load(as: UInt8.self)) : Int(place.loadUnaligned(as: Int16.self))
            let read = quantisation.scale * Float(number - Int(quantisation.zeroPoint))
            #expect(0...255 ~= number && abs(read - value) <= quantisation.scale * 0.5001 && (value != 0 || read == 0))
          }
          for byte in count * bytes..<pitch { #expect(target[row * pitch + byte] == 0) }
        }
        #expect((2 * pitch..<2 * pitch + 8).allSatisfy { target[$0] == 0xA5 })
      }
    }
  }

  @Test(
    "ranges beyond what a difference of floats holds do no harm",
    arguments: [
      (0, 0), (-0x1p-149, 0x1p-149), (-.greatestFiniteMagnitude, .greatestFiniteMagnitude),
      (0, .greatestFiniteMagnitude),
      (-1e-38, 0), (-.infinity, .infinity), (0, .infinity),
    ] as [(Float, Float)])
  func limits(least: Float, most: Float) {
    let range = Block([least, most, (most - most) + (least - least)])
    let quantisation = InputQuantisation(range: range.start)
    #expect(0...255 ~= quantisation.zeroPoint && !quantisation.inverse.isNaN)
    #expect(quantisation.scale.isNaN != (least.isFinite && most.isFinite))
    if least.isFinite, least <= -.leastNormalMagnitude { #expect(quantisation.zeroPoint > 0) }
  }

  @Test("NaN stays NaN as the upper half of a float", arguments: [0x7FC0_0000, 0x7F80_0001, 0xFFFF_FFFF] as [UInt32])
  func notANumber(bits: UInt32) throws {
    let table = try #require(MicroKernelSet(.portable).dotTables[.bf16])
    let source = Block([Float(bitPattern: bits), 1, -.infinity, 3.4e38, 2])
    let target = Block<UInt16>(repeating: 0, count: 6)
    var arguments = StagingArguments(
      source: source.start, count: 5, target: target.start, targetStride: 12, .none)
    table.stage(&arguments)
    #expect(
      Float(BFloat16(bitPattern: target[0])).isNaN && target[1] == 0x3F80 && target[2] == 0xFF80 && target[4] == 0x4000)
  }
}
