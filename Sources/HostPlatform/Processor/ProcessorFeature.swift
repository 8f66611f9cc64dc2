/// An extension of the instruction set that kernels may ask for, by its usual name.
///
/// On x86-64 a feature counts only if the operating system saves its registers as well (XGETBV; Intel SDM volume 1,
/// section 14.3).
public enum ProcessorFeature: String, Codable, Hashable, Sendable, CaseIterable, Comparable {
  /// Streaming SIMD Extensions 4.1.
  case sse41 = "sse4.1"
  /// Streaming SIMD Extensions 4.2.
  case sse42 = "sse4.2"
  /// 256-bit floating point.
  case avx
  /// Conversion between half and single precision.
  case f16c
  /// Fused multiply-add of 128- and 256-bit vectors.
  case fma
  /// 256-bit integers.
  case avx2
  /// Dot products of 8-bit integers in 256-bit vectors.
  case avxVNNI = "avx-vnni"
  /// AVX-512 foundation.
  case avx512F = "avx512f"
  /// AVX-512 of 8- and 16-bit integers.
  case avx512BW = "avx512bw"
  /// AVX-512 of 32- and 64-bit integers.
  case avx512DQ = "avx512dq"
  /// AVX-512 instructions on 128- and 256-bit vectors.
  case avx512VL = "avx512vl"
  /// Dot products of 8-bit integers in 512-bit vectors.
  case avx512VNNI = "avx512-vnni"
  /// Dot products of bfloat16.
  case avx512BF16 = "avx512-bf16"
  /// Arithmetic in half precision.
  case avx512FP16 = "avx512-fp16"
  /// 128-bit vectors of arm64.
  case neon

  /// True if `left` was listed first.
  public static func < (left: Self, right: Self) -> Bool { left.rank < right.rank }

  private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

extension ProcessorFeature {
  /// The state that the operating system must save, as bits of XCR0.
  private enum ExtendedState {
    /// XMM and the upper halves of YMM.
    static let avx: UInt64 = 0x6
    /// As `avx`, with the mask registers and all of ZMM.
    static let avx512: UInt64 = 0xE6
  }

  /// What CPUID leaves 1 and 7 report (AMD APM volume 3, appendix E; Intel SDM volume 2, CPUID).
  package static func reported(by cpuid: ProcessorIdentification) -> Set<ProcessorFeature> {
    let one = cpuid.read(1, 0)
    let seven = cpuid.read(7, 0)
    let more = cpuid.read(7, 1)
    func has(_ word: UInt32, _ bit: UInt32) -> Bool { word >> bit & 1 == 1 }

    var features: Set<ProcessorFeature> = []
    if has(one.ecx, 19) { features.insert(.sse41) }
    if has(one.ecx, 20) { features.insert(.sse42) }
    let state = cpuid.extendedState
    guard state & ExtendedState.avx == ExtendedState.avx, has(one.ecx, 28) else { return features }
    features.insert(.avx)
    if has(one.ecx, 29) { features.insert(.f16c) }
    if has(one.ecx, 12) { features.insert(.fma) }
    if has(seven.ebx, 5) { features.insert(.avx2) }
    if has(more.eax, 4) { features.insert(.avxVNNI) }
    guard state & ExtendedState.avx512 == ExtendedState.avx512, has(seven.ebx, 16) else { return features }
    features.insert(.avx512F)
    if has(seven.ebx, 17) { features.insert(.avx512DQ) }
    if has(seven.ebx, 30) { features.insert(.avx512BW) }
    if has(seven.ebx, 31) { features.insert(.avx512VL) }
    if has(seven.ecx, 11) { features.insert(.avx512VNNI) }
    if has(seven.edx, 23) { features.insert(.avx512FP16) }
    if has(more.eax, 5) { features.insert(.avx512BF16) }
    return features
  }
}
