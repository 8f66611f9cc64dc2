import ExampleKernels
import Luthier

/// What `tune --plugin` and `luthier --plugin` call.
@c(luthier_swift_plugin_entry)
public func pluginEntry(_ reply: UnsafeMutableRawPointer) {
  SwiftPluginInterface.answer(
    reply, name: "example", version: "1.0.0", kernels: ExampleKernels.kernels,
    additions: [ExampleKernels.operators])
}
