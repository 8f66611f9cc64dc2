import CKernelPlugin
public import LayerKernels

/// A library of kernels that was loaded while the program runs.
///
/// Loading a library runs its code: give only paths that the user chose. No model, database or profile ever names one.
public struct KernelPlugin: Sendable {
  /// What a plugin is written in.
  public enum Interface: String, Sendable {
    /// The structure of function pointers of `luthier_plugin.h`.
    case c = "C"
    /// ``SwiftPluginInterface``
    case swift = "Swift"
  }

  /// The name that the plugin gives itself.
  public let name: String
  /// The version that the plugin gives itself.
  public let version: String
  /// The file, without links.
  public let path: String
  /// What it is written in.
  public let interface: Interface
  /// Its kernels.
  public let kernels: [any LayerKernel]
  /// What a Swift plugin brings beside kernels; see ``SwiftPluginContents/additions``.
  public let additions: [any Sendable]

  /// Loads a library and asks it for its kernels.
  ///
  /// - Throws: ``PluginError`` when there is no such file, it is no library, it has no entry point, or it was built for
  ///   another version of the interface.
  public init(path: String) throws(PluginError) {
    let library = try PluginLibrary(path: path)
    self.path = library.path
    if let symbol = library.symbol("luthier_plugin_entry") {
      typealias Entry = @convention(c) () -> UnsafePointer<luthier_plugin>?
      let description = try CPluginDescription(unsafeBitCast(symbol, to: Entry.self)(), path: path)
      (name, version, kernels, interface) = (description.name, description.version, description.kernels, .c)
      additions = []
    } else if let symbol = library.symbol(SwiftPluginInterface.entryName) {
      typealias Entry = @convention(c) (UnsafeMutableRawPointer) -> Void
      do {
        let contents = try SwiftPluginInterface.ask(unsafeBitCast(symbol, to: Entry.self))
        (name, version, kernels, interface) = (contents.name, contents.version, contents.kernels, .swift)
        additions = contents.additions
      } catch { throw .swiftMismatch(path: path, reason: "\(error)") }
    } else {
      throw .noEntryPoint(path: path)
    }
  }

  /// What tables say about its kernels.
  public var origin: KernelOrigin { .plugin(name: name, version: version, path: path) }

  /// The environment variable that names plugins, with colons between them.
  public static let environmentVariable = "LUTHIER_PLUGINS"

  /// The paths that the environment names.
  public static func paths(in environment: [String: String]) -> [String] {
    environment[environmentVariable, default: ""].split(separator: ":").map(String.init)
  }
}

extension KernelRegistry {
  /// Loads plugins and registers their kernels after those that are there. What fails is said and left out.
  ///
  /// - Parameters:
  ///   - paths: the libraries; one that is named twice is loaded once.
  ///   - report: receives a line for each plugin or kernel that is left out.
  /// - Returns: the plugins that were loaded.
  @discardableResult
  public mutating func loadPlugins(_ paths: [String], report: (String) -> Void) -> [KernelPlugin] {
    var plugins: [KernelPlugin] = []
    for path in paths {
      do throws(PluginError) {
        let plugin = try KernelPlugin(path: path)
        if plugins.contains(where: { $0.path == plugin.path }) { continue }
        plugins.append(plugin)
        for kernel in plugin.kernels {
          do throws(KernelError) { try register(kernel, from: plugin.origin) } catch {
            report("plugin \(path): \(error)")
          }
        }
      } catch { report("\(error)") }
    }
    return plugins
  }
}
