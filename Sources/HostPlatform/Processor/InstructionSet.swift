/// A set of vector instructions that Luthier has micro-kernels for, from the oldest to the newest.
///
/// ```swift
/// let instructions = try InstructionSet.chosen()   // the best of this host, or what LUTHIER_ISA forces
/// ```
public enum InstructionSet: String, Codable, Hashable, Sendable, CaseIterable, Comparable {
  /// What every processor of the architecture has: SSE2 on x86-64, NEON on arm64.
  case portable
  /// AVX2, FMA and F16C, with the 256-bit registers enabled by the operating system.
  case avx2
  /// AVX-512 F, BW, DQ and VL beside AVX2, FMA and F16C, with the 512-bit registers enabled by the operating system.
  case avx512

  /// The environment variable that forces an instruction set.
  public static let environmentVariable = "LUTHIER_ISA"

  /// True if `left` is the older one: whatever runs `right` runs `left` too.
  public static func < (left: Self, right: Self) -> Bool { left.rank < right.rank }

  private var rank: Int {
    switch self {
    case .portable: 0
    case .avx2: 1
    case .avx512: 2
    }
  }

  /// What the processor must report before the instruction set's micro-kernels may run.
  public var requiredFeatures: [ProcessorFeature] {
    switch self {
    case .portable: []
    case .avx2: [.avx2, .fma, .f16c]
    case .avx512: [.avx2, .fma, .f16c, .avx512F, .avx512BW, .avx512DQ, .avx512VL]
    }
  }

  /// All instruction sets that a processor can run, oldest first; `portable` is always among them.
  public static func supported(on processor: Processor) -> [InstructionSet] {
    allCases.filter { processor.features.isSuperset(of: $0.requiredFeatures) }
  }

  /// The newest instruction set that a processor can run.
  public static func best(on processor: Processor) -> InstructionSet {
    supported(on: processor).last ?? .portable
  }

  /// The instruction set to use: what `LUTHIER_ISA` forces, else the best of the processor.
  ///
  /// - Parameters:
  ///   - environment: environment variables by name; an empty value counts as unset.
  ///   - processor: the processor that is to run it.
  /// - Throws: ``InstructionSetError`` when the variable's value is no instruction set, or one that the processor lacks.
  public static func chosen(
    environment: [String: String] = ProcessEnvironment.current, on processor: Processor = .current
  ) throws(InstructionSetError) -> InstructionSet {
    let best = best(on: processor)
    guard let value = environment[environmentVariable], !value.isEmpty else { return best }
    guard let forced = InstructionSet(rawValue: value) else {
      throw .unknown(variable: environmentVariable, value: value)
    }
    let missing = forced.requiredFeatures.filter { !processor.features.contains($0) }
    guard missing.isEmpty else {
      throw .unsupported(
        variable: environmentVariable, value: forced, missing: missing, processor: processor.brand, best: best)
    }
    return forced
  }
}

/// Why an instruction set could not be forced.
public enum InstructionSetError: Error, Hashable, CustomStringConvertible {
  /// The variable's value names no instruction set.
  case unknown(variable: String, value: String)
  /// The processor lacks features that the forced instruction set needs.
  case unsupported(
    variable: String, value: InstructionSet, missing: [ProcessorFeature], processor: String, best: InstructionSet)

  /// One line that names the variable, its value and the way out.
  public var description: String {
    switch self {
    case .unknown(let variable, let value):
      let allowed = InstructionSet.allCases.map(\.rawValue).joined(separator: ", ")
      return "\(variable)='\(value.shortened(to: 40))' is no instruction set; allowed are \(allowed)"
    case .unsupported(let variable, let value, let missing, let processor, let best):
      let names = missing.map(\.rawValue).joined(separator: ", ")
      return "\(variable)='\(value.rawValue)' cannot run on '\(processor)', which lacks \(names); "
        + "unset it or use '\(best.rawValue)', the best instruction set here"
    }
  }
}
