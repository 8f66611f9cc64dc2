/// Where a kernel comes from.
public enum KernelOrigin: Hashable, Sendable, CustomStringConvertible {
  /// The program itself: Luthier, or a package that it was built with.
  case program
  /// A library that was loaded at run time.
  case plugin(name: String, version: String, path: String)

  /// `built in`, or the plugin's name, version and file: `mine 1.0.0 (/usr/lib/libmine.so)`.
  public var description: String {
    switch self {
    case .program: "built in"
    case .plugin(let name, let version, let path): "\(name) \(version) (\(path))"
    }
  }
}
