import KernelConformance
import LayerKernels
import Testing

@Suite("The memory of operands")
struct ConformanceOperandTests {
  private func counting(_ sizes: Int...) throws -> Tensor {
    let shape = try TensorShape(sizes)
    return try Tensor(shape: shape, elements: (0..<shape.elementCount).map(Float.init))
  }

  @Test(
    "gives back in every layout what was put in", arguments: TensorLayout.allCases,
    [[1, 1, 1, 1], [2, 3, 5, 7], [1, 16, 4, 4], [3, 1, 1, 17]])
  func roundTrip(layout: TensorLayout, sizes: [Int]) throws {
    var random = RandomSource(seed: 5)
    let steps = try #require(Quantisation(step: 0x1p-7, lower: -128, upper: 127))
    // Bytes hold multiples of their step, other layouts anything.
    let elements = random.tensor(shape: try TensorShape(sizes)).elements
    let tensor = try Tensor(
      shape: try TensorShape(sizes),
      elements: layout == .bytes ? elements.map { Float(steps.activation(Double($0))) } : elements)
    for seed in [nil, 1, 2] as [UInt64?] {
      let memory = try OperandMemory(shape: tensor.shape, layout: layout, shuffling: seed, offset: 3, steps: steps)
      memory.fill(from: tensor)
      #expect(memory.tensor() == tensor)
      #expect(memory.damage() == nil)
    }
  }

  @Test("lies as the layouts say")
  func layouts() throws {
    let tensor = try counting(1, 2, 1, 3)
    func elements(_ layout: TensorLayout) throws -> [Float] {
      let memory = try OperandMemory(shape: tensor.shape, layout: layout)
      memory.fill(from: tensor)
      return withExtendedLifetime(memory) { (0..<6).map { memory.operand.plane(0)[$0] } }
    }
    #expect(try elements(.rowMajor) == [0, 1, 2, 3, 4, 5])
    #expect(try elements(.channelsLast) == [0, 3, 1, 4, 2, 5])
    let steps = Quantisation(step: 0.5, lower: -3, upper: 252)
    let bytes = try OperandMemory(shape: tensor.shape, layout: .bytes, steps: steps)
    bytes.fill(from: tensor)
    withExtendedLifetime(bytes) {
      #expect((0..<6).map { bytes.operand.bytes[$0] } == [3, 9, 5, 11, 7, 13])
    }
    #expect(throws: ProblemError.self) { try OperandMemory(shape: tensor.shape, layout: .bytes) }
    let planes = try OperandMemory(shape: tensor.shape, layout: .planeList)
    planes.fill(from: tensor)
    withExtendedLifetime(planes) {
      #expect((0..<3).map { planes.operand.plane(0)[$0] } == [0, 1, 2])
      #expect((0..<3).map { planes.operand.plane(1)[$0] } == [3, 4, 5])
      #expect(planes.operand.plane(0)[3].isNaN)
    }
  }

  @Test("planes start on boundaries, follow each other unless shuffled, and are apart when shuffled")
  func planePlaces() throws {
    let shape = try TensorShape([2, 20, 5, 7])
    let ordered = try offsets(of: OperandMemory(shape: shape, layout: .planeList))
    #expect(ordered == (0..<40).map { ordered[0] + $0 * 48 })
    let offsets = try offsets(of: OperandMemory(shape: shape, layout: .planeList, shuffling: 1))
    #expect((ordered + offsets).allSatisfy { $0 % 16 == 0 })
    #expect(offsets != offsets.sorted())
    let gaps = zip(offsets.sorted(), offsets.sorted().dropFirst()).map { $1 - $0 - 48 }
    #expect(gaps.allSatisfy { $0 >= 16 })
    #expect(Set(gaps).count > 1)
  }

  private func offsets(of memory: OperandMemory) -> [Int] {
    withExtendedLifetime(memory) {
      let operand = memory.operand
      #expect(UInt(bitPattern: operand.base) % 64 == 0)
      return (0..<memory.shape[0] * memory.shape[1]).map { Int(operand.planes[$0]) }
    }
  }

  @Test("dense operands can be off their boundary", arguments: [0, 1, 15])
  func offset(_ offset: Int) throws {
    let memory = try OperandMemory(shape: try TensorShape([3, 5]), layout: .rowMajor, offset: offset)
    withExtendedLifetime(memory) { #expect(UInt(bitPattern: memory.operand.base) % 64 == UInt(offset * 4)) }
  }

  @Test("writing before, after or into an input is found", arguments: TensorLayout.allCases)
  func damage(layout: TensorLayout) throws {
    let tensor = try counting(1, 2, 4, 4)
    let behind = layout == .planeList ? 16 : layout == .bytes ? 8 : 32
    let steps = Quantisation(step: 1, lower: -128, upper: 127)
    for (place, words) in [(-2, "2 elements before a"), (behind, "1 elements past the end of a")] {
      let memory = try OperandMemory(shape: tensor.shape, layout: layout, shuffling: 1, steps: steps)
      withExtendedLifetime(memory) { memory.operand.plane(0)[place] = 0 }
      #expect(memory.damage()?.contains(words) == true)
    }
    let input = try OperandMemory(shape: tensor.shape, layout: layout, steps: steps)
    input.fill(from: tensor)
    input.operand.plane(0)[5] = -1
    #expect(input.damage() == "the input was changed")
  }

  @Test("sizes that cannot be are refused")
  func refusals() throws {
    #expect(throws: ProblemError.outOfRange(name: "planeList rank", value: 2, allowed: 4...4)) {
      try OperandMemory(shape: try TensorShape([3, 5]), layout: .planeList)
    }
    #expect(throws: ProblemError.self) {
      try OperandMemory(shape: try TensorShape([1, 1 << 27, 1, 1]), layout: .planeList)
    }
    #expect(throws: ProblemError.outOfRange(name: "offset", value: 16, allowed: 0...15)) {
      try OperandMemory(shape: .scalar, layout: .rowMajor, offset: 16)
    }
  }

  @Test("poison tells where it comes from, also through arithmetic")
  func poison() {
    for poison in Poison.allCases {
      #expect(Poison(poison.value) == poison)
      #expect(Poison(poison.value * 2 + 1) == poison)
      #expect(Poison(-poison.value) == poison)
    }
    #expect(Poison(Float.nan) == nil)
    #expect(Poison(1) == nil)
  }
}

@Suite("The problems that kernels are checked on")
struct ConformanceProblemTests {
  @Test("each is listed once and can be read back from its key")
  func keys() throws {
    let problems = try ConformanceProblems.all()
    #expect(Set(problems.map(\.key)).count == problems.count)
    for problem in problems {
      let key = try ProblemKey(parsing: problem.key.description)
      #expect(try type(of: problem).init(key: key).key == problem.key)
    }
  }

  @Test("they contain what kernels get wrong")
  func variety() throws {
    let convolutions = try ConformanceProblems.convolutions()
    #expect(convolutions.contains { $0.output == WindowGeometry.Extent(1) })
    #expect(convolutions.contains { $0.batch > 1 && $0.isDepthwise })
    #expect(convolutions.contains { $0.window.pads.top != $0.window.pads.bottom })
    #expect(Set(convolutions.map(\.window.stride.height)) == [1, 2, 3, 4])
    #expect(Set(convolutions.map(\.epilogue)).isSuperset(of: ConformanceProblems.epilogues))
    #expect(convolutions.contains { $0.groups > 1 && $0.groups < $0.inputChannels })
    let activations = Set(ConformanceProblems.epilogues.map(\.activation))
    #expect(activations == Set(ConformanceProblems.activations + [.identity]))
  }
}
