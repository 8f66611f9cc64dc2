import LayerKernels
import Testing

@Suite("Packed weights")
struct PackedWeightsTests {
  private static let count = 5000

  private func weights(_ first: Float, count: Int = Self.count) throws -> PackedWeights {
    try PackedWeights(count: count) { memory in
      for index in memory.indices { memory[index] = Float(index) * 0.25 + (index == 2501 ? first : 0) }
    }
  }

  @Test("of the same bytes are the same memory where that is asked for, and only there")
  func shared() throws {
    // Of a size that no other test has, also when it is rounded up: blocks of another test that are alike but for one element would be found first.
    let count = Self.count + 1000
    let (first, second) = try PackedWeights.sharing { (try weights(1, count: count), try weights(1, count: count)) }
    #expect(first.start == second.start)
    let own = try weights(1, count: count)
    #expect(own.start != first.start)
  }

  @Test("that differ in one element anywhere do not share")
  func differing() throws {
    let (first, second) = try PackedWeights.sharing { (try weights(1), try weights(2)) }
    #expect(first.start != second.start)
    #expect(first.start[2501] == 626.25)
    #expect(second.start[2501] == 627.25)
  }

  @Test("go with the last that has them, and those made afterwards have the right numbers")
  func lifetime() throws {
    for round in 0..<50 {
      let kept = try PackedWeights.sharing { try weights(Float(round % 2)) }
      try PackedWeights.sharing { _ = try weights(Float(round % 2)) }
      let other = try PackedWeights.sharing { try weights(7) }
      #expect((0..<Self.count).allSatisfy { kept.start[$0] == Float($0) * 0.25 + ($0 == 2501 ? Float(round % 2) : 0) })
      #expect(other.start[2501] == 632.25)
    }
  }

  @Test("are shared and left by many threads at a time without a wrong number")
  func concurrent() async {
    let wrong = await withTaskGroup(of: Int.self) { group in
      for task in 0..<8 {
        group.addTask {
          var wrong = 0
          for round in 0..<200 {
            let first = Float((task + round) % 3)
            guard let block = try? PackedWeights.sharing({ try weights(first) }) else { return 1 }
            if block.start[2501] != 625.25 + first || block.start[4999] != 1249.75 { wrong += 1 }
          }
          return wrong
        }
      }
      return await group.reduce(0, +)
    }
    #expect(wrong == 0)
  }

  @Test("start with zeros where others were before")
  func zeros() throws {
    for _ in 0..<5 {
      let used = try PackedWeights(count: 1 << 16) { memory in memory.update(repeating: .nan) }
      #expect(used.start[9].isNaN)
    }
    let fresh = try PackedWeights(count: 1 << 16) { _ in }
    #expect((0..<1 << 16).allSatisfy { fresh.start[$0] == 0 })
  }
}
