/// Why a plugin's library serves no kernels.
public enum PluginError: Error, Equatable, CustomStringConvertible {
  /// There is no file of that path, or it is a folder, a pipe or a device.
  case noFile(path: String)
  /// The system's loader refuses it, with the loader's own words.
  case notLoadable(path: String, reason: String)
  /// It exports no entry point.
  case noEntryPoint(path: String)
  /// It was built for another version of the C interface.
  case version(path: String, found: Int32, expected: Int32)
  /// A Swift plugin that was built for another library.
  case swiftMismatch(path: String, reason: String)
  /// What it describes cannot be.
  case malformed(path: String, reason: String)

  /// One line that names the file, what is wrong and the way out.
  public var description: String {
    switch self {
    case .noFile(let path): "plugin \(path): there is no such file, or it is a folder, a pipe or a device"
    case .notLoadable(let path, let reason):
      // What the loader misses of a Swift plugin is mangled; the reader has to know why it is missing.
      "plugin \(path) cannot be loaded: \(reason)"
        + (reason.contains("undefined symbol: $s")
          ? "; a Swift plugin has to be built against the very Luthier that loads it: build it again with this one"
          : "")
    case .noEntryPoint(let path):
      "plugin \(path) exports neither luthier_plugin_entry (C) nor luthier_swift_plugin_entry (Swift); "
        + "see luthier_plugin.h"
    case .version(let path, let found, let expected):
      "plugin \(path) was built for version \(found) of the plugin interface, and this program has \(expected); "
        + "build it again with this luthier_plugin.h"
    case .swiftMismatch(let path, let reason), .malformed(let path, let reason): "plugin \(path): \(reason)"
    }
  }
}
