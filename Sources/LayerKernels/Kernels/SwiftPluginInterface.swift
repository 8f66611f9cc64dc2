public import CCompiler

/// The entry point of a plugin that is written in Swift: a library that a program loads while it runs.
///
/// ```swift
/// @c(luthier_swift_plugin_entry)
/// public func pluginEntry(_ reply: UnsafeMutableRawPointer) {
///   SwiftPluginInterface.answer(reply, name: "mine", version: "1.0.0", kernels: [MyDepthwise()])
/// }
/// ```
///
/// Swift has no stable ABI on Linux: the plugin is compiled by the same compiler against the modules of the very build that
/// loads it, and takes the library from the program instead of linking a copy.
public enum SwiftPluginInterface {
  /// The symbol that the plugin exports.
  public static let entryName = "luthier_swift_plugin_entry"

  /// Counts up when a type that plugins and programs exchange changes.
  ///
  /// Compiled into the plugin, so that the program sees the version that the plugin was built against.
  @export(implementation)
  public static var version: Int32 { 1 }

  /// The compiler of whoever asks, with the revision of its sources; compiled into the plugin as ``version`` is.
  @export(implementation)
  public static var compiler: UnsafePointer<CChar> { luthier_compiler() }

  // What the 40 bytes of a reply hold; this stays so in every version.
  @export(implementation) static var hostVersionOffset: Int { 0 }
  @export(implementation) static var pluginVersionOffset: Int { 4 }
  @export(implementation) static var identityOffset: Int { 8 }
  @export(implementation) static var contentsOffset: Int { 16 }
  @export(implementation) static var hostCompilerOffset: Int { 24 }
  @export(implementation) static var pluginCompilerOffset: Int { 32 }

  /// What a plugin's entry point does: it says which version it was built against and by which compiler and, where both are
  /// the program's, hands over its kernels.
  ///
  /// - Parameters:
  ///   - reply: what the entry point was given.
  ///   - name: the plugin's name, for tables.
  ///   - pluginVersion: the plugin's version, for tables.
  ///   - kernels: made only when version and compiler agree.
  ///   - additions: what else it brings; see ``SwiftPluginContents/additions``.
  @export(implementation)
  public static func answer(
    _ reply: UnsafeMutableRawPointer, name: String, version pluginVersion: String,
    kernels: @autoclosure () -> [any LayerKernel], additions: @autoclosure () -> [any Sendable] = []
  ) {
    reply.storeBytes(of: version, toByteOffset: pluginVersionOffset, as: Int32.self)
    guard reply.load(fromByteOffset: hostVersionOffset, as: Int32.self) == version else { return }
    let hostCompiler = reply.load(fromByteOffset: hostCompilerOffset, as: UnsafePointer<CChar>.self)
    reply.storeBytes(of: compiler, toByteOffset: pluginCompilerOffset, as: UnsafePointer<CChar>.self)
    guard areEqual(hostCompiler, compiler) else { return }
    reply.storeBytes(
      of: UInt(bitPattern: ObjectIdentifier(SwiftPluginContents.self)), toByteOffset: identityOffset, as: UInt.self)
    let contents = SwiftPluginContents(
      name: name, version: pluginVersion, kernels: kernels(), additions: additions())
    reply.storeBytes(
      of: UInt(bitPattern: Unmanaged.passRetained(contents).toOpaque()), toByteOffset: contentsOffset, as: UInt.self)
  }

  /// Before the compilers agree nothing of the standard library's is exchanged, so not even a `String` is made here.
  @export(implementation)
  static func areEqual(_ left: UnsafePointer<CChar>, _ right: UnsafePointer<CChar>) -> Bool {
    var index = 0
    while left[index] == right[index], left[index] != 0 { index += 1 }
    return left[index] == right[index]
  }

  /// Asks a plugin for its kernels.
  ///
  /// - Throws: ``SwiftPluginMismatch`` when the plugin was built for another library.
  public static func ask(
    _ entry: @convention(c) (UnsafeMutableRawPointer) -> Void
  ) throws(SwiftPluginMismatch) -> SwiftPluginContents {
    let words = UnsafeMutableRawBufferPointer.allocate(byteCount: 40, alignment: 8)
    defer { words.deallocate() }
    words.initializeMemory(as: UInt8.self, repeating: 0)
    words.storeBytes(of: version, toByteOffset: hostVersionOffset, as: Int32.self)
    words.storeBytes(of: compiler, toByteOffset: hostCompilerOffset, as: UnsafePointer<CChar>.self)
    guard let reply = words.baseAddress else { throw .empty }
    entry(reply)
    let found = words.load(fromByteOffset: pluginVersionOffset, as: Int32.self)
    guard found == version else { throw .version(found: found) }
    let foundCompiler = words.load(fromByteOffset: pluginCompilerOffset, as: UnsafePointer<CChar>?.self)
    guard let foundCompiler else { throw .empty }
    guard areEqual(foundCompiler, compiler) else {
      throw .compiler(found: String(cString: foundCompiler).asSingleLine)
    }
    // A second copy of the library in the process has types of its own, with other addresses.
    let identity = words.load(fromByteOffset: identityOffset, as: UInt.self)
    guard identity == UInt(bitPattern: ObjectIdentifier(SwiftPluginContents.self)) else { throw .ownCopy }
    guard let contents = UnsafeRawPointer(bitPattern: words.load(fromByteOffset: contentsOffset, as: UInt.self)) else {
      throw .empty
    }
    return Unmanaged<SwiftPluginContents>.fromOpaque(contents).takeRetainedValue()
  }
}

/// What a Swift plugin hands over.
public final class SwiftPluginContents: Sendable {
  /// The plugin's name.
  public let name: String
  /// The plugin's version.
  public let version: String
  /// Its kernels.
  public let kernels: [any LayerKernel]
  /// What else it brings, for whoever knows the type; the programs add an `ONNXOperatorRegistry` to the operators that
  /// they import, and pass over what they do not know.
  public let additions: [any Sendable]

  /// Kernels under a plugin's name and version.
  public init(name: String, version: String, kernels: [any LayerKernel], additions: [any Sendable] = []) {
    self.name = name
    self.version = version
    self.kernels = kernels
    self.additions = additions
  }
}

/// Why a Swift plugin cannot work in this program.
public enum SwiftPluginMismatch: Error, Equatable, CustomStringConvertible {
  /// It was built against another version of the interface.
  case version(found: Int32)
  /// It was compiled by another compiler.
  case compiler(found: String)
  /// It has linked a copy of the library.
  case ownCopy
  /// It handed over nothing.
  case empty

  /// What is wrong and the way out.
  public var description: String {
    switch self {
    case .version(let found):
      "it was built for version \(found) of the Swift plugin interface, and this program has "
        + "\(SwiftPluginInterface.version); build it again with this Luthier"
    case .compiler(let found):
      "it was compiled by '\(found)', and this program by '\(String(cString: SwiftPluginInterface.compiler))'; "
        + "build both with one toolchain"
    case .ownCopy: "it has linked a copy of Luthier; link it without, so that it takes the library from the program"
    case .empty: "its entry point handed over nothing"
    }
  }
}
