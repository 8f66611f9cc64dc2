import CLanes
import MicroKernels

/// The loads of numbers of 8 and 16 bits.
extension AVX512 {
  @inline(__always)
  static func loadInt8(_ address: UnsafeRawPointer) -> Vector { luthier_from_s8_x16(address) }

  @inline(__always)
  static func loadUInt8(_ address: UnsafeRawPointer) -> Vector { luthier_from_u8_x16(address) }

  @inline(__always)
  static func loadFloat16(_ address: UnsafeRawPointer) -> Vector { luthier_from_f16_x16(address) }

  @inline(__always)
  static func loadBFloat16(_ address: UnsafeRawPointer) -> Vector { luthier_from_bf16_x16(address) }
}
