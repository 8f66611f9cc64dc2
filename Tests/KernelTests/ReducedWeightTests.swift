import KernelConformance
import LayerKernels
import MicroKernels
import ReducedWeightKernels
import StandardKernels
import Testing

/// A type of weights with what a test knows of it by itself.
struct WeightTypeFacts: CustomTestStringConvertible, Sendable {
  let type: any WeightElement.Type
  /// Half of the distance between 1 and the next number, relative.
  let halfStep: Float

  var testDescription: String { type.type.rawValue }

  static let all: [WeightTypeFacts] = ReducedWeights.types.map { type in
    switch type.type {
    case .bf16: WeightTypeFacts(type: type, halfStep: 0x1p-8)
    case .f16: WeightTypeFacts(type: type, halfStep: 0x1p-11)
    default: WeightTypeFacts(type: type, halfStep: 1 / 254)
    }
  }
}

/// What a value is after it was stored and read back, without a scale.
private func stored<W: WeightElement>(_ type: W.Type, _ value: Float) -> Float {
  withUnsafeTemporaryAllocation(byteCount: 8, alignment: 8) { place in
    guard let start = place.baseAddress else { return .nan }
    type.store(value, start)
    return type.value(start)
  }
}

@Suite("Types of weights")
struct WeightTypeTests {
  @Test("Each type of the list is there once, in as many bytes as it says, and takes fewer than a float")
  func list() {
    let types = ReducedWeights.types.map { $0.type }
    #expect(types == [.bf16, .f16, .s8])
    for type in ReducedWeights.types { #expect(type.byteCount == type.type.byteCount && type.byteCount < 4) }
    #expect(WeightTypeFacts.all.count == types.count)
  }

  @Test(
    "bf16 rounds to the nearest, ties to even, subnormal numbers too",
    arguments: [
      (0x3F80_0000, 0x3F80), (0x3F80_8000, 0x3F80), (0x3F81_8000, 0x3F82), (0x3F80_8001, 0x3F81),
      (0x3F80_7FFF, 0x3F80), (0xBF81_8000, 0xBF82), (0x0000_8000, 0x0000), (0x0000_8001, 0x0001),
      (0x0001_8000, 0x0002), (0x007F_FFFF, 0x0080), (0x8000_0000, 0x8000), (0x7F7F_7FFF, 0x7F7F),
    ] as [(UInt32, UInt32)])
  func bfloat16(bits: UInt32, expected: UInt32) {
    #expect(stored(BFloat16Weights.self, Float(bitPattern: bits)).bitPattern == expected << 16)
  }

  @Test(
    "f16 rounds to the nearest, ties to even, subnormal numbers too",
    arguments: [
      (1, 1), (1 + 0x1p-11, 1), (1 + 0x3p-11, 1 + 0x1p-9), (1 + 0x1.002p-11, 1 + 0x1p-10), (-1 - 0x3p-11, -1 - 0x1p-9),
      (65504, 65504), (65519, 65504), (0x1p-24, 0x1p-24), (0x1p-25, 0), (0x1.8p-24, 0x1p-23), (0x1.004p-25, 0x1p-24),
      (0x1p-14, 0x1p-14), (0x1.ff8p-15, 0x1.ff8p-15), (0x1.ffcp-15, 0x1p-14), (-0x1p-25, 0), (0x1p-60, 0),
    ] as [(Float, Float)])
  func float16(value: Float, expected: Float) { #expect(stored(Float16Weights.self, value) == expected) }

  @Test(
    "s8 rounds to the nearest whole number, ties to even, and stays symmetric",
    arguments: [
      (0, 0), (0.5, 0), (1.5, 2), (2.5, 2), (-0.5, 0), (-1.5, -2), (-2.5, -2), (126.5, 126), (127, 127),
      (127.00001, 127), (-127.00001, -127), (0x1p-140, 0), (0.50001, 1),
    ] as [(Float, Float)])
  func int8(value: Float, expected: Float) { #expect(stored(Int8Weights.self, value) == expected) }

  @Test("a channel's weights are off by at most half a step", arguments: WeightTypeFacts.all)
  func steps(facts: WeightTypeFacts) throws {
    var random = RandomSource(seed: 3)
    for magnitude: Float in [1e-3, 1, 300] {
      let weights = (0..<257).map { _ in random.nextFloat(magnitude: magnitude) }
      let rounded = try facts.type.rounded(weights, ofChannel: 0)
      let largest = weights.reduce(0) { max($0, $1.magnitude) }
      for (weight, rounded) in zip(weights, rounded) {
        let step = facts.type.isScaled ? largest : max(weight.magnitude, 0x1p-13)
        #expect((weight - rounded).magnitude <= step * facts.halfStep * 1.0001)
      }
      // What is rounded once is rounded, but for the last bit of a scale.
      let again = try facts.type.rounded(rounded, ofChannel: 0)
      #expect(zip(rounded, again).allSatisfy { ($0 - $1).magnitude <= 1e-6 * largest })
    }
  }

  @Test("zeros stay zeros, and the least of floats does no harm", arguments: WeightTypeFacts.all)
  func tiny(facts: WeightTypeFacts) throws {
    #expect(try facts.type.rounded([0, -0, 0], ofChannel: 0).allSatisfy { $0 == 0 })
    let least = try facts.type.rounded([.leastNonzeroMagnitude, -.leastNonzeroMagnitude, 0], ofChannel: 0)
    #expect(least.allSatisfy { $0.isFinite && $0.magnitude < 1e-37 })
  }

  @Test(
    "what no number is near is refused and named", arguments: WeightTypeFacts.all,
    [Float.nan, .infinity, -.infinity, .greatestFiniteMagnitude, 70000])
  func refused(facts: WeightTypeFacts, weight: Float) throws {
    let isHeld: Bool
    switch facts.type.type {
    case .bf16: isHeld = weight == 70000
    case .f16: isHeld = false
    default: isHeld = weight.isFinite
    }
    do {
      let rounded = try facts.type.rounded([1, weight, -1], ofChannel: 5)
      #expect(isHeld && rounded.allSatisfy(\.isFinite))
    } catch {
      #expect(!isHeld && error.channel == 5 && error.type == facts.type.type)
      #expect("\(error)".contains("output channel 5"))
    }
  }
}

/// A reduced table's tile size.
struct ReducedTileSize: CustomTestStringConvertible, Sendable {
  let set: MicroKernelSet
  let type: any WeightElement.Type
  let rows: Int
  let vectors: Int

  var testDescription: String { "\(set.name) \(type.type) \(rows)x\(vectors)" }

  var table: ChannelTileTable? { self.set.reducedChannelTiles[type.type] }

  static let all: [ReducedTileSize] = runnableSets.flatMap { set in
    ReducedWeights.types.flatMap { type in
      (1...ChannelTileTable.maximumRows).flatMap { rows in
        (1...ChannelTileTable.maximumVectors).compactMap { vectors in
          set.reducedChannelTiles[type.type]?.tile(rows: rows, vectors: vectors) == nil
            ? nil : ReducedTileSize(set: set, type: type, rows: rows, vectors: vectors)
        }
      }
    }
  }
}

@Suite("Tiles with reduced weights")
struct ReducedTileTests {
  @Test("every instruction set has tiles of every type")
  func complete() {
    for set in runnableSets {
      #expect(Set(set.reducedChannelTiles.keys) == Set(ReducedWeights.types.map { $0.type }))
      for table in set.reducedChannelTiles.values {
        #expect(table.lanes == set.channelTiles.lanes && table.maximumRows(vectors: 2) >= 4)
      }
    }
  }

  @Test(
    "a tile is the product by the definition, scale, bias, addend and activation last", arguments: ReducedTileSize.all)
  func products(size: ReducedTileSize) throws {
    func check<W: WeightElement>(_ type: W.Type) throws {
      let table = try #require(size.table)
      let tile = try #require(table.tile(rows: size.rows, vectors: size.vectors))
      var random = RandomSource(seed: 8)
      let width = size.vectors * table.lanes
      let (depth, panels, pixels) = (7, 2, 20)
      for (index, activation) in tileActivations.enumerated() {
        let channels = width * panels
        let stride = channels + 3
        let values = (0..<panels * depth * width).map { _ in random.nextFloat(magnitude: W.isScaled ? 127 : 2) }
        // One more element than there are, so that a tile that reads further is a fault of the sanitizers.
        let weights = Block<UInt8>(repeating: 0, count: values.count * W.byteCount)
        for (place, value) in values.enumerated() { W.store(value, weights.start + place * W.byteCount) }
        let scales = random.block(channels)
        let bias = random.block(channels)
        let inputs = random.block(depth * pixels)
        let addends = random.block(size.rows * stride)
        let outputs = Block<Float>(repeating: 77, count: size.rows * stride)
        let offsets = Block((0..<depth).map { Int32(($0 * 5 + 2) % depth * pixels) })
        var arguments = ChannelTileArguments(
          weights: weights.start, panelStride: depth * width, inputs: inputs.start, inputOffsets: offsets.start,
          outputs: outputs.start, outputStride: stride, bias: bias.start, depth: depth, panelCount: panels,
          activation: TileActivation(activation))
        arguments.scales = UnsafePointer(scales.start)
        if index % 2 == 0 { arguments.addends = UnsafePointer(addends.start) }
        tile(&arguments)
        for pixel in 0..<size.rows {
          for channel in 0..<channels {
            var sum = 0.0
            for k in 0..<depth {
              let place = (channel / width * depth + k) * width + channel % width
              sum += Double(W.value(weights.start + place * W.byteCount)) * Double(inputs[Int(offsets[k]) + pixel])
            }
            if W.isScaled { sum *= Double(scales[channel]) }
            sum += Double(bias[channel])
            if index % 2 == 0 { sum += Double(addends[pixel * stride + channel]) }
            let found = Double(outputs[pixel * stride + channel])
            #expect(abs(found - activation(sum)) < 2e-6 * 127 * Double(depth), "\(activation) \(pixel) \(channel)")
          }
          #expect((channels..<stride).allSatisfy { outputs[pixel * stride + $0] == 77 })
        }
      }
    }
    try check(size.type)
  }

  @Test("every number of a type is widened to itself, on every instruction set", arguments: runnableSets.map(\.name))
  func widening(name: String) throws {
    let set = try #require(runnableSets.first { $0.name == name })
    func check<W: WeightElement>(_ type: W.Type) throws {
      let table = try #require(set.reducedChannelTiles[type.type])
      let tile = try #require(table.tile(rows: 1, vectors: 1))
      let (one, zero) = (Block<Float>([1]), Block<Float>(repeating: 0, count: table.lanes))
      let offset = Block<Int32>([0])
      let outputs = Block<Float>(repeating: 0, count: table.lanes)
      let weights = Block<UInt8>(repeating: 0, count: table.lanes * W.byteCount)
      for start in stride(from: 0, to: 1 << (8 * W.byteCount), by: table.lanes) {
        for lane in 0..<table.lanes {
          let place = weights.start + lane * W.byteCount
          for byte in 0..<W.byteCount { place[byte] = UInt8(truncatingIfNeeded: (start + lane) >> (8 * byte)) }
          // No weight is packed that is not finite.
          if !W.value(place).isFinite { for byte in 0..<W.byteCount { place[byte] = 0 } }
        }
        var arguments = ChannelTileArguments(
          weights: weights.start, panelStride: table.lanes, inputs: one.start, inputOffsets: offset.start,
          outputs: outputs.start, outputStride: table.lanes, bias: zero.start, depth: 1)
        tile(&arguments)
        let wrong = (0..<table.lanes).first { outputs[$0] != W.value(weights.start + $0 * W.byteCount) }
        #expect(wrong == nil, "\(W.type) \(start + (wrong ?? 0))")
      }
    }
    for type in ReducedWeights.types { try check(type) }
  }
}

@Suite("Kernels with reduced weights")
struct ReducedWeightKernelTests {
  private static func dense(_ depth: Int, _ columns: Int) throws -> MatrixMultiplyProblem {
    try MatrixMultiplyProblem(rows: 1, depth: depth, columns: columns, epilogue: Epilogue(bias: true))
  }

  @Test("each is approximate, offered, never the default, and says that it rounds", arguments: WeightTypeFacts.all)
  func classes(facts: WeightTypeFacts) throws {
    let registry = try KernelRegistry.standard()
    let problem = try Self.dense(37, 19)
    let name = KernelIdentifier("reduced.dense.\(facts.type.type)")
    let candidates = registry.candidates(for: problem).filter { $0.kernel == name }
    #expect(!candidates.isEmpty && candidates.allSatisfy { $0.errorClass == .approximate(relativeError: nil) })
    #expect(try registry.defaultCandidate(for: problem).kernel.family != "reduced")
    var random = RandomSource(seed: 1)
    let parameters = problem.randomParameters(from: &random)
    let rounded = try #require(try candidates[0].roundedParameters(parameters) as? MatrixMultiplyParameters)
    #expect(rounded.bias == parameters.bias && rounded.weights != parameters.weights)
    #expect(try registry.defaultCandidate(for: problem).roundedParameters(parameters) == nil)
  }

  @Test("the conformance kit reports what the rounding of the weights errs", arguments: WeightTypeFacts.all)
  func errors(facts: WeightTypeFacts) throws {
    let kernel = ReducedKernels.dense(facts.type)
    let problem = try Self.dense(512, 250)
    let reports = try KernelConformance(workers: [1]).check(kernel, problems: [problem]).filter { $0.problem != nil }
    #expect(!reports.isEmpty && reports.allSatisfy(\.isConforming), "\(reports)")
    for report in reports {
      #expect(report.maximumError > 2e-5 && report.maximumError < Double(facts.halfStep) * 2, "\(report.maximumError)")
    }
  }

  @Test("prepare refuses weights that the type has no number for, in one line", arguments: WeightTypeFacts.all)
  func refusals(facts: WeightTypeFacts) throws {
    let problem = try MatrixMultiplyProblem(rows: 1, depth: 3, columns: 2)
    let registry = try KernelRegistry.standard()
    let candidate = try #require(
      registry.candidates(for: problem).first { $0.kernel.name == "reduced.dense.\(facts.type.type)" })
    for weight in [Float.nan, .infinity] + (facts.type.type == .f16 ? [65520] : []) {
      let parameters = try MatrixMultiplyParameters(
        weights: Tensor(shape: problem.weightShape, elements: [0, 1, 2, 3, weight, 5]), bias: nil, for: problem)
      let error = #expect(throws: KernelError.self) { try candidate.prepare(parameters: parameters) }
      #expect("\(try #require(error))".contains("output channel 1"))
      #expect(throws: KernelError.self) { try candidate.roundedParameters(parameters) }
    }
  }

  @Test("an instruction set without tiles of the type refuses with the reason", arguments: WeightTypeFacts.all)
  func withoutTiles(facts: WeightTypeFacts) throws {
    let set = try #require(runnableSets.first)
    let bare = MicroKernelSet(
      name: "bare", pixelTiles: set.pixelTiles, channelTiles: set.channelTiles, rows: set.rows,
      depthwise: set.depthwise,
      windowTiles: set.windowTiles, planes: set.planes, winograd: set.winograd, bytes: set.bytes)
    let registry = try KernelRegistry.standard(microKernels: bare)
    let answer = try #require(
      registry.answers(for: try Self.dense(8, 8)).first { $0.kernel.name == "reduced.dense.\(facts.type.type)" })
    #expect(answer.applicability == .refused("this instruction set has no tiles with weights in \(facts.type.type)"))
  }
}

private enum ReducedKernels {
  /// The dense kernel of a type on the newest instruction set here.
  static func dense(_ type: any WeightElement.Type) -> ReducedDense {
    ReducedDense(runnableSets[runnableSets.count - 1], weightType: type)
  }
}
