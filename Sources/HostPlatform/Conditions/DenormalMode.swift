import CProcessor

/// Whether a thread's arithmetic keeps denormal numbers or takes them for zero.
///
/// Arithmetic on denormal numbers (below about 1.2e-38) takes the processor tens of times longer, and activations that
/// fade out produce them. Tuning and deployment flush them alike: FTZ for results, DAZ for operands, in MXCSR (Intel SDM
/// volume 1, section 10.2.3). On other architectures than x86-64 nothing is changed.
///
/// ```swift
/// let before = DenormalMode.flush()
/// // compute
/// before.restore()
/// ```
public struct DenormalMode: Hashable, Sendable {
  /// Flush to zero (bit 15) and denormals are zero (bit 6).
  private static let mask: UInt32 = 0x8040

  private let bits: UInt32

  /// The calling thread's mode.
  public static var current: DenormalMode { DenormalMode(bits: luthier_get_mxcsr() & mask) }

  /// True if both denormal results and denormal operands count as zero.
  public var isFlushing: Bool { bits == Self.mask }

  /// Lets the calling thread take denormal numbers for zero.
  ///
  /// - Returns: the mode before, to be restored.
  public static func flush() -> DenormalMode {
    let word = luthier_get_mxcsr()
    if word & mask != mask { luthier_set_mxcsr(word | mask) }
    return DenormalMode(bits: word & mask)
  }

  /// Gives the calling thread this mode; its other floating-point settings and flags stay.
  public func restore() {
    let word = luthier_get_mxcsr()
    if word & Self.mask != bits { luthier_set_mxcsr(word & ~Self.mask | bits) }
  }
}

/// Runs `body` with denormal numbers taken for zero on the calling thread, whose mode is restored afterwards.
///
/// - Throws: what `body` throws.
public func withFlushedDenormals<Result: ~Copyable, Failure: Error>(
  _ body: () throws(Failure) -> Result
) throws(Failure) -> Result {
  let before = DenormalMode.flush()
  defer { before.restore() }
  return try body()
}
