import LayerKernels
import Testing

@Suite("Problem keys")
struct ProblemKeyTests {
  static let keys = [
    "convolution n=1 c=58 h=28 w=28 k=58 kernel=3x3 stride=1x1 dilation=1x1 pads=1,1,1,1 groups=58 epilogue=bias",
    "convolution n=2 c=6 h=9 w=7 k=4 kernel=3x5 stride=2x1 dilation=1x2 pads=0,1,2,3 groups=2 epilogue=bias+residual+relu6",
    "convolution n=1 c=3 h=8 w=8 k=4 kernel=1x1 stride=1x1 dilation=1x1 pads=0,0,0,0 groups=1 epilogue=clip:-1e10:inf",
    "pooling reduce=max n=1 c=24 h=112 w=112 kernel=3x3 stride=2x2 dilation=1x1 pads=1,1,1,1 round=down",
    "matrix-multiply b=1 m=1 k=1024 n=1000 weights=constant epilogue=bias",
    "elementwise function=add a=1x58x28x28 b=58x1x1 then=relu",
    "elementwise function=unary a=1x1000 then=leaky-relu:0.1",
    "elementwise-chain inputs=1x58x28x28,58x1x1 steps=multiply:i0:i1:identity,unary:s0:relu",
    "softmax shape=1x1000 axis=1 axes=1",
    "normalization shape=1x197x768 over=axes axis=2 by=variance parameters=scale+bias epsilon=1e-06",
    "normalization shape=1x64x28x28 over=groups groups=8 by=mean-square parameters=none epsilon=0.0",
    "recurrent kind=lstm steps=32 b=1 c=64 k=128 direction=bidirectional initial=input outputs=sequence+hidden+cell",
    "recurrent kind=gru-after-product steps=1 b=2 c=3 k=5 direction=reverse initial=zero outputs=hidden",
    "resize from=1x96x11x11 to=22x22 scale=2.0x2.0 interpolation=linear coordinates=half-pixel",
    "mean shape=1x1024x7x7 axes=2,3",
    "rearrangement out=2x3 fill=none inputs=1 in0=3x2 copies=1 copy0=0,0,0,2,3,1,2,3,1",
    "layout-conversion shape=1x232x7x7 from=planeList to=channelsLast",
    "pointwise-depthwise n=1 c=16 h=112 w=112 k=96 kernel=3x3 stride=2x2 dilation=1x1 pads=1,1,1,1 "
      + "between=bias+relu6 epilogue=bias+relu6",
    "convolution-pooling n=1 c=3 h=224 w=224 k=24 kernel=3x3 stride=2x2 dilation=1x1 pads=1,1,1,1 groups=1 "
      + "between=bias+relu reduce=max pool-kernel=3x3 pool-stride=2x2 pool-dilation=1x1 pool-pads=1,1,1,1 round=down",
  ]

  static let types: [any LayerProblem.Type] = [
    ConvolutionProblem.self, PoolingProblem.self, MatrixMultiplyProblem.self, ElementwiseProblem.self,
    ElementwiseChainProblem.self,
    SoftmaxProblem.self, NormalizationProblem.self, ResizeProblem.self, ReductionProblem.self,
    RearrangementProblem.self,
    LayoutConversionProblem.self, PointwiseDepthwiseProblem.self, ConvolutionPoolingProblem.self,
    RecurrentProblem.self,
  ]

  @Test("A key read back is the same key", arguments: keys)
  func roundTrip(text: String) throws {
    let key = try ProblemKey(parsing: text)
    let type = try #require(Self.types.first { $0.operation == key.operation })
    #expect(try type.init(key: key).key.description == text)
  }

  @Test("There is a key of every operation")
  func types() {
    let operations = Self.types.map { $0.operation }
    #expect(Set(Self.keys.map { key in String(key.prefix { $0 != " " }) }) == Set(operations))
  }

  @Test("A key with a field that is not known here, or of another operation, is refused", arguments: keys)
  func unknownFields(text: String) throws {
    let key = try ProblemKey(parsing: text)
    let type = try #require(Self.types.first { $0.operation == key.operation })
    for name in ["precision", "copy1", "Kernel", "pool-kernel2"] {
      let unknown = try ProblemKey(parsing: "\(text) \(name)=1")
      #expect(
        throws: ProblemError.unknownField(
          key: unknown.description.count > 200 ? String(text.prefix(80)) + "…" : unknown.description, name: name)
      ) {
        try type.init(key: unknown)
      }
    }
    let other = try ProblemKey(parsing: "unheard" + text.drop { $0 != " " })
    #expect(throws: ProblemError.self) { try type.init(key: other) }
  }

  @Test("What a movement's key cannot hold makes no problem, and what it holds is read back")
  func longKeys() throws {
    func movement(copies count: Int) throws -> RearrangementProblem {
      try RearrangementProblem(
        inputShapes: [TensorShape([100_000])], outputShape: TensorShape([100_000]), fill: 0,
        copies: (0..<count).map {
          .init(
            input: 0, inputOffset: $0 * 7919 % 99_991, outputOffset: $0, sizes: [1], inputStrides: [1],
            outputStrides: [1])
        })
    }
    let long = try movement(copies: 30_000)
    let text = long.key.description
    #expect(text.utf8.count > 500_000)
    #expect(try RearrangementProblem(key: ProblemKey(parsing: text)) == long)
    #expect(throws: ProblemError.self) { try movement(copies: 50_000) }
    let longer = "softmax shape=" + String(repeating: "1", count: ProblemKey.maximumLength)
    #expect(throws: ProblemError.malformedKey(longer.prefix(80) + "…")) { try ProblemKey(parsing: longer) }
    let inputs = try RearrangementProblem(
      inputShapes: (0..<200).map { _ in try TensorShape([1]) }, outputShape: TensorShape([200]), fill: nil,
      copies: (0..<200).map {
        .init(input: $0, inputOffset: 0, outputOffset: $0, sizes: [1], inputStrides: [1], outputStrides: [1])
      })
    #expect(try RearrangementProblem(key: ProblemKey(parsing: inputs.key.description)) == inputs)
  }

  @Test("A key with any one field's value replaced gives a problem or an error, never a trap", arguments: keys)
  func hostileValues(text: String) throws {
    let words = text.split(separator: " ").map(String.init)
    let type = try #require(Self.types.first { $0.operation == words[0] })
    let hostile = [
      "", "0", "-1", "9223372036854775807", "-9223372036854775808", "4294967296", "nan", "1x1", "0x0", "1,1,1,1",
      "9223372036854775807x9223372036854775807", "99999999999999999999", "none", "x", ",", "-5,-5,-5,-5", "inf",
      "65536",
    ]
    for index in words.indices.dropFirst() {
      let name = words[index].prefix { $0 != "=" }
      for value in hostile {
        var changed = words
        changed[index] = "\(name)=\(value)"
        guard let key = try? ProblemKey(parsing: changed.joined(separator: " ")) else { continue }
        if let problem = try? type.init(key: key) {
          #expect(problem.outputShape.elementCount >= 0)
          #expect(problem.operationCount.flopsWithBias >= 0)
          #expect(problem.memoryAccessCost >= 0)
        }
      }
      var missing = words
      missing.remove(at: index)
      let key = try ProblemKey(parsing: missing.joined(separator: " "))
      #expect(throws: ProblemError.self) { try type.init(key: key) }
    }
  }
}

@Suite("Counting")
struct CountingTests {
  @Test("A 1×1 convolution counts as guideline 1 of the paper: FLOPs hwc₁c₂ MACs, MAC hw(c₁+c₂)+c₁c₂")
  func pointwise() throws {
    let problem = try ConvolutionProblem(
      inputChannels: 58, input: .init(height: 28, width: 14), outputChannels: 116,
      window: WindowGeometry(kernel: .init(1)))
    #expect(problem.operationCount.multiplyAccumulates == 28 * 14 * 58 * 116)
    #expect(problem.operationCount.flopsWithBias == 2 * 28 * 14 * 58 * 116)
    #expect(problem.operationCount.flopsWithoutBias == (2 * 58 - 1) * 28 * 14 * 116)
    #expect(problem.memoryAccessCost == 28 * 14 * (58 + 116) + 58 * 116)
  }

  @Test("Groups divide the arithmetic and the weights, as guideline 2 has it: MAC hw(c₁+c₂)+c₁c₂/g")
  func grouped() throws {
    let problem = try ConvolutionProblem(
      inputChannels: 24, input: .init(height: 7, width: 7), outputChannels: 48,
      window: WindowGeometry(kernel: .init(1)), groups: 8)
    #expect(problem.operationCount.multiplyAccumulates == 49 * 24 * 48 / 8)
    #expect(problem.memoryAccessCost == 49 * (24 + 48) + 24 * 48 / 8)
  }

  @Test("Output sizes follow ONNX for strides, dilation, asymmetric pads and ceil mode")
  func outputSizes() throws {
    let window = try WindowGeometry(
      kernel: .init(3), stride: .init(2), dilation: .init(height: 1, width: 2),
      pads: .init(top: 0, left: 1, bottom: 2, right: 3))
    #expect(try window.outputExtent(of: .init(height: 10, width: 10)) == .init(height: 5, width: 5))
    let pool = try WindowGeometry(kernel: .init(2), stride: .init(2))
    #expect(try pool.outputExtent(of: .init(height: 5, width: 5)) == .init(2))
    #expect(try pool.outputExtent(of: .init(height: 5, width: 5), roundUp: true) == .init(3))
  }
}

@Suite("The registry")
struct RegistryTests {
  struct Copying: LayerKernel {
    let identifier: KernelIdentifier
    var aliases: [KernelIdentifier] = []
    var efficiency = 0.5
    var approximate = false
    let version = 1

    func applicability(to problem: SoftmaxProblem) -> Applicability {
      problem.axis == 0 ? .refused("needs another axis than 0") : .applies
    }
    func expectedEfficiency(for problem: SoftmaxProblem) -> Double { efficiency }
    func errorClass(for problem: SoftmaxProblem, configuration: KernelConfiguration) -> ErrorClass {
      approximate ? .approximate(relativeError: nil) : .exact()
    }
    func prepare(
      _ problem: SoftmaxProblem, configuration: KernelConfiguration, parameters: NoParameters
    ) throws -> any PreparedKernel {
      throw KernelError.invalidConfiguration(kernel: identifier, configuration: configuration, reason: "only a test")
    }
  }

  @Test("A name or alias that is taken is refused")
  func duplicates() throws {
    var registry = KernelRegistry()
    try registry.register(Copying(identifier: "a.one", aliases: ["a.old"]))
    #expect(throws: KernelError.duplicateIdentifier("a.one")) { try registry.register(Copying(identifier: "a.one")) }
    #expect(throws: KernelError.duplicateIdentifier("a.old")) { try registry.register(Copying(identifier: "a.old")) }
  }

  @Test("The default is the exact kernel that expects most of itself, and of equals the first")
  func defaultChoice() throws {
    var registry = KernelRegistry()
    try registry.register(Copying(identifier: "a.slow", efficiency: 0.1))
    try registry.register(Copying(identifier: "a.first", efficiency: 0.7))
    try registry.register(Copying(identifier: "a.second", efficiency: 0.7))
    try registry.register(Copying(identifier: "a.rough", efficiency: 2, approximate: true))
    let problem = try SoftmaxProblem(shape: TensorShape([2, 3]), axis: 1)
    #expect(try registry.defaultCandidate(for: problem).kernel == "a.first")
    #expect(registry.candidates(for: problem).map(\.kernel) == ["a.slow", "a.first", "a.second", "a.rough"])
  }

  @Test("Where no kernel applies the error lists each kernel's reason")
  func reasons() throws {
    var registry = KernelRegistry()
    try registry.register(Copying(identifier: "a.one"))
    let problem = try SoftmaxProblem(shape: TensorShape([2, 3]), axis: 0)
    #expect {
      try registry.defaultCandidate(for: problem)
    } throws: { "\($0)".contains("a.one needs another axis than 0") }
  }

  @Test("An alias finds its kernel, a configuration text reads back, and foreign parameters are refused")
  func lookUp() throws {
    var registry = KernelRegistry()
    try registry.register(Copying(identifier: "a.one", aliases: ["a.old"]))
    let problem = try SoftmaxProblem(shape: TensorShape([2, 3]), axis: 1)
    let configuration = try #require(KernelConfiguration(parsing: "n=2,m=14"))
    let candidate = try registry.candidate(named: "a.old", configuration: configuration, for: problem)
    #expect(candidate.name == "a.one m=14,n=2")
    #expect(throws: KernelError.parameterType(problem: problem.key)) { try candidate.prepare(parameters: 1) }
  }
}

@Suite("Shares of work")
struct WorkerTests {
  @Test("Shares cover every item once, in whole granules", arguments: [1, 2, 3, 7], [0, 1, 5, 49, 784])
  func shares(count: Int, total: Int) {
    for granule in [1, 4, 16] {
      var next = 0
      for index in 0..<count {
        let share = Worker(index: index, count: count).share(of: total, granule: granule)
        #expect(share.lowerBound == next || share.isEmpty)
        #expect(share.lowerBound % granule == 0 || share.isEmpty)
        if !share.isEmpty { next = share.upperBound }
      }
      #expect(next == total)
    }
  }
}

@Suite("Memory of weights")
struct WeightMemoryTests {
  /// Bytes that are lent at any distance from a boundary.
  final class Lender: MemoryLender, @unchecked Sendable {
    // @unchecked Sendable: one test's thread alone uses it.
    let memory: UnsafeMutableRawBufferPointer
    var releasedBytes = 0

    init(_ numbers: [Float], distance: Int) {
      memory = .allocate(byteCount: distance + 4 * numbers.count, alignment: 64)
      numbers.withUnsafeBytes { UnsafeMutableRawBufferPointer(rebasing: memory[distance...]).copyMemory(from: $0) }
    }

    func release(_ bytes: UnsafeRawBufferPointer) { releasedBytes += bytes.count }

    deinit { memory.deallocate() }
  }

  @Test("A tensor over lent bytes has their numbers wherever they lie, and says when they are read", arguments: 0..<5)
  func lent(distance: Int) throws {
    let numbers: [Float] = [1, -2.5, 3e7, 0, 5, -6]
    let lender = Lender(numbers, distance: distance)
    let bytes = UnsafeRawBufferPointer(rebasing: lender.memory[distance...])
    func use() throws {
      let tensor = try Tensor(shape: TensorShape([2, 3]), borrowing: bytes, lender: lender)
      let other = try tensor.reshaped(to: TensorShape([3, 2]))
      #expect(tensor.elements == numbers)
      #expect(other.elements == numbers)
      var changed = tensor
      changed.withMutableElements { $0[0] = 9 }
      #expect(changed.elements[0] == 9)
      #expect(tensor.elements == numbers)
    }
    try use()
    #expect(lender.releasedBytes == bytes.count)
    #expect(throws: TensorError.self) {
      try Tensor(shape: TensorShape([7]), borrowing: bytes, lender: lender)
    }
  }

  @Test("Packed weights begin as zeros on a boundary, whoever had the memory before, and never share it")
  func packed() throws {
    for round in 0..<3 {
      var blocks: [PackedWeights] = []
      for count in [1, 5, 1000, 70_000, 300_000, 1_500_000] {
        let block = try PackedWeights(count: count) { elements in
          #expect(elements.allSatisfy { $0 == 0 })
          for index in elements.indices { elements[index] = Float(count + round) }
        }
        #expect(Int(bitPattern: block.start) % AlignedMemory.alignment == 0)
        blocks.append(block)
      }
      for (block, count) in zip(blocks, [1, 5, 1000, 70_000, 300_000, 1_500_000]) {
        #expect(block.count == count)
        #expect(UnsafeBufferPointer(start: block.start, count: count).allSatisfy { $0 == Float(count + round) })
      }
    }
  }
  @Test("Packed weights that the system has no memory for are an error")
  func noMemory() {
    let count = 1 << 50
    #expect {
      _ = try PackedWeights(count: count) { _ in }
    } throws: { error in
      guard case .noMemory(let byteCount)? = error as? KernelError else { return false }
      return byteCount >= count * MemoryLayout<Float>.stride
    }
  }
}
