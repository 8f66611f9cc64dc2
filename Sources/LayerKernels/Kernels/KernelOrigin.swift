/// Where a kernel comes from.
public enum KernelOrigin: Hashable, Sendable, CustomStringConvertible {
  /// The program itself: Luthier, or a package that it was built with.
  case program
  /// A library of another maker, which a trait of the package has linked.
  case vendor(VendorLibrary)
  /// A library that was loaded at run time.
  case plugin(name: String, version: String, path: String)

  /// `built in`, the vendor library with its version, or the plugin's name, version and file: `mine 1.0.0
  /// (/usr/lib/libmine.so)`.
  public var description: String {
    switch self {
    case .program: "built in"
    case .vendor(let library): library.description
    case .plugin(let name, let version, let path): "\(name) \(version) (\(path))"
    }
  }
}
