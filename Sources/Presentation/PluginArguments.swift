public import ArgumentParser
public import Luthier

/// The option by which both programs load kernels from outside.
public struct PluginArguments: ParsableArguments {
  /// Libraries, in the order in which their kernels are registered.
  @Option(
    help: ArgumentHelp(
      "A library of kernels to load; may be given several times.",
      discussion: "LUTHIER_PLUGINS names more, with colons between them. Loading a library runs its code.",
      valueName: "file"))
  public var plugin: [String] = []

  /// No option given.
  public init() {}

  /// The options once more, for a process that is to have the same kernels.
  public var arguments: [String] { plugin.flatMap { ["--plugin", $0] } }

  /// The standard kernels and those of the plugins; a plugin that cannot be loaded is a line on standard error.
  ///
  /// - Throws: `InstructionSetError` when `LUTHIER_ISA` names no set of this processor.
  public func registry() throws -> KernelRegistry {
    var registry = try KernelRegistry.standard()
    registry.loadPlugins(paths) { line in StandardStreams.writeError("warning: \(line)\n") }
    return registry
  }

  /// The standard operators and those of the plugins. That a plugin cannot be loaded is for ``registry()`` to say.
  public func operators() -> ONNXOperatorRegistry {
    var operators = ONNXOperatorRegistry.standard
    var kernels = KernelRegistry()
    for plugin in kernels.loadPlugins(paths, report: { _ in }) {
      for case let more as ONNXOperatorRegistry in plugin.additions { operators.add(more) }
    }
    return operators
  }

  private var paths: [String] {
    plugin + KernelPlugin.paths(in: ProcessEnvironment.values(of: [KernelPlugin.environmentVariable]))
  }
}
