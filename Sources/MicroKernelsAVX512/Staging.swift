import CLanes
import MicroKernels

extension AVX512: StagingLanes {
  @inline(__always)
  static func storeUInt8(_ vector: Vector, _ address: UnsafeMutableRawPointer) {
    luthier_store_u8_x16(vector, address)
  }

  @inline(__always)
  static func storeSteps(_ vector: Vector, offset: Int32, _ address: UnsafeMutableRawPointer) {
    luthier_store_steps_x16(vector, offset, address)
  }

  @inline(__always)
  static func storeInt16(_ vector: Vector, _ address: UnsafeMutableRawPointer) {
    luthier_store_s16_x16(vector, address)
  }

  @inline(__always)
  static func storeBFloat16(_ vector: Vector, _ address: UnsafeMutableRawPointer) {
    luthier_store_bf16_x16(vector, address)
  }
}

/// The search for a range.
@export(interface)
public func avx512Range() -> MicroKernelFunction<RangeArguments> { MicroKernelFunction { findRange(AVX512.self, $0) } }

/// The conversion to a format's numbers.
@export(interface)
public func avx512Staging(_ format: DotFormat) -> MicroKernelFunction<StagingArguments> {
  if !format.isInteger { return MicroKernelFunction { stage(AVX512.self, isInteger: false, byteCount: 2, $0) } }
  if format.inputByteCount == 1 {
    return MicroKernelFunction { stage(AVX512.self, isInteger: true, byteCount: 1, $0) }
  }
  return MicroKernelFunction { stage(AVX512.self, isInteger: true, byteCount: 2, $0) }
}

/// The layout of bytes as a format's inputs.
@export(interface)
public func avx512ByteStaging(_ format: DotFormat) -> MicroKernelFunction<ByteStagingArguments> {
  format.inputByteCount == 1
    ? MicroKernelFunction { stageBytes(byteCount: 1, $0) } : MicroKernelFunction { stageBytes(byteCount: 2, $0) }
}
