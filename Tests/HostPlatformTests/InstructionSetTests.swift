import HostPlatform
import Testing

@Suite("Choosing an instruction set")
struct InstructionSetTests {
  let zen5 = RememberedProcessor.processor(RememberedProcessor.zen5)
  let haswell = RememberedProcessor.processor(RememberedProcessor.haswell)

  @Test("Without the variable, or with an empty one, the best of the processor is chosen")
  func best() throws {
    #expect(try InstructionSet.chosen(environment: [:], on: zen5) == .avx512)
    #expect(try InstructionSet.chosen(environment: ["LUTHIER_ISA": ""], on: haswell) == .avx2)
    #expect(InstructionSet.supported(on: haswell) == [.portable, .avx2])
  }

  @Test("LUTHIER_ISA forces an older instruction set", arguments: InstructionSet.allCases)
  func forced(instructionSet: InstructionSet) throws {
    let environment = ["LUTHIER_ISA": instructionSet.rawValue]
    #expect(try InstructionSet.chosen(environment: environment, on: zen5) == instructionSet)
  }

  @Test(
    "A value that is no instruction set is an error that names variable, value and what is allowed",
    arguments: ["AVX2", "avx2 ", "sse", "avx512,avx2", "\u{0}", String(repeating: "x", count: 100_000)])
  func unknown(value: String) throws {
    let error = #expect(throws: InstructionSetError.self) {
      try InstructionSet.chosen(environment: ["LUTHIER_ISA": value], on: zen5)
    }
    #expect(error == .unknown(variable: "LUTHIER_ISA", value: value))
    let text = String(describing: try #require(error))
    #expect(text.contains("LUTHIER_ISA") && text.contains("portable, avx2, avx512"))
    #expect(text.count < 200)
  }

  @Test("An instruction set that the processor lacks is an error that says what is missing and what would work")
  func unsupported() throws {
    let error = #expect(throws: InstructionSetError.self) {
      try InstructionSet.chosen(environment: ["LUTHIER_ISA": "avx512"], on: haswell)
    }
    let text = String(describing: try #require(error))
    for part in ["LUTHIER_ISA", "avx512", "avx512f, avx512bw, avx512dq, avx512vl", "'avx2'"] {
      #expect(text.contains(part), "\(text)")
    }
  }

  @Test("Newer instruction sets compare greater and need all that older ones need")
  func order() {
    #expect(InstructionSet.portable < .avx2)
    #expect(InstructionSet.avx2 < .avx512)
    #expect(Set(InstructionSet.avx512.requiredFeatures).isSuperset(of: InstructionSet.avx2.requiredFeatures))
  }

  @Test("AVX2 without FMA or conversions of half precision is not enough", arguments: [ProcessorFeature.fma, .f16c])
  func without(feature: ProcessorFeature) {
    var features = zen5.features
    features.remove(feature)
    let processor = Processor(
      vendor: "amd", family: 0, model: 0, stepping: 0, brand: "", microarchitecture: "", features: features,
      caches: .assumed, logicalCores: 1, physicalCores: 1, usableCores: 1)
    #expect(InstructionSet.best(on: processor) == .portable)
  }
}
