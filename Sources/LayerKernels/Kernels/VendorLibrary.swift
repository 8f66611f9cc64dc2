/// A library of another maker whose routines kernels call: OpenBLAS, oneDNN, XNNPACK.
///
/// What such a kernel takes and gives depends on the library that is installed, so the library's version is a part of the
/// kernel's: times that another release took are stale like those of another kernel.
public struct VendorLibrary: Hashable, Sendable, CustomStringConvertible {
  /// The library's name, as its makers write it.
  public let name: String
  /// The version of the library that runs.
  public let version: String
  private let number: Int

  /// A library that knows its version.
  ///
  /// - Parameters:
  ///   - name: the library's own name, as tables show it.
  ///   - major: the first number of its version.
  ///   - minor: the second.
  ///   - patch: the third.
  ///   - target: the processor whose routines the library has chosen to run, where a setting from outside can make it
  ///     choose others: times of one are not the other's.
  public init(name: String, major: Int, minor: Int, patch: Int, target: String? = nil) {
    let release = (major * 100 + minor) * 100 + patch
    self.name = name
    version = "\(major).\(minor).\(patch)" + (target.map { " for \($0)" } ?? "")
    // FNV-1a, folded to 16 bits.
    let digest = target.map { $0.utf8.reduce(2_166_136_261 as UInt32) { ($0 ^ UInt32($1)) &* 16_777_619 } }
    number = digest.map { release << 16 | Int(($0 >> 16) ^ ($0 & 0xFFFF)) } ?? release
  }

  /// A library without a version, known by the identity that the linker gave its file (`NT_GNU_BUILD_ID`).
  ///
  /// - Parameters:
  ///   - name: the library's own name, as tables show it.
  ///   - build: the identity's bytes; the first four tell builds apart.
  public init(name: String, build: [UInt8]) {
    let digits = build.prefix(4).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    self.name = name
    version = "build \(digits)"
    number = build.prefix(4).reduce(0) { $0 << 8 | Int($1) }
  }

  /// The version of a kernel that calls the library: another for every release of the library and every revision of the
  /// kernel's own code, 1 to 99. Revision 1 on oneDNN 2.6.3 is `2060301`.
  public func kernelVersion(revision: Int) -> Int { number * 100 + revision }

  /// `oneDNN 2.6.3`
  public var description: String { "\(name) \(version)" }
}
