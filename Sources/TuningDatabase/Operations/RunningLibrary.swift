import HostPlatform
import LayerKernels

/// The library that runs now: what stored results are compared with to see whether they still hold.
public struct RunningLibrary: Sendable {
  /// A kernel that is registered.
  public struct Kernel: Hashable, Sendable {
    /// Its name.
    public let identifier: KernelIdentifier
    /// Its version.
    public let version: Int

    /// A kernel.
    public init(identifier: KernelIdentifier, version: Int) {
      self.identifier = identifier
      self.version = version
    }
  }

  /// The host.
  public let host: PlatformFingerprint
  /// The library's version.
  public let version: LibraryVersion

  private struct Name: Hashable {
    let operation: String
    let name: String
  }

  private var kernels: [Name: Kernel] = [:]
  /// Whom to ask what a kernel offers for a problem; nil where only names and versions are known.
  let registry: KernelRegistry?

  /// A library with the kernels of a registry.
  public init(_ registry: KernelRegistry, host: PlatformFingerprint, version: LibraryVersion = .current) {
    self.init(host: host, version: version, registry: registry)
    for kernel in registry.allKernels { add(kernel) }
  }

  /// A library without kernels.
  public init(host: PlatformFingerprint, version: LibraryVersion = .current) {
    self.init(host: host, version: version, registry: nil)
  }

  private init(host: PlatformFingerprint, version: LibraryVersion, registry: KernelRegistry?) {
    self.host = host
    self.version = version
    self.registry = registry
  }

  /// Adds a kernel under its name and aliases; a name that is already taken keeps its kernel.
  public mutating func add(
    _ identifier: KernelIdentifier, version: Int, aliases: [KernelIdentifier] = [], operation: String
  ) {
    for name in [identifier] + aliases {
      let key = Name(operation: operation, name: name.name)
      if kernels[key] == nil { kernels[key] = Kernel(identifier: identifier, version: version) }
    }
  }

  private mutating func add<Registered: LayerKernel>(_ kernel: Registered) {
    add(
      kernel.identifier, version: kernel.version, aliases: kernel.aliases, operation: Registered.Problem.operation)
  }

  /// The kernel that a stored name stands for today: by name or by alias; nil when there is none.
  public func kernel(_ name: KernelIdentifier, operation: String) -> Kernel? {
    kernels[Name(operation: operation, name: name.name)]
  }
}
