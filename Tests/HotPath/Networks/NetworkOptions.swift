import ArgumentParser
import Luthier

/// The network, prepared as an embedding program would.
package struct NetworkOptions: ParsableArguments {
  /// Its name.
  @Option(help: "A network of the catalog.")
  package var network = "shufflenet_v2_x0_5"

  /// At least 1.
  @Option(help: "Threads that run the network.")
  package var threads = 1

  /// The family's name; empty for the defaults.
  @Option(help: "A kernel family that is taken wherever it applies.")
  package var family = ""

  /// At least 1.
  @Option(help: "How often the network runs.")
  package var runs = 1000

  /// The defaults.
  package init() {}

  /// Prepares the network for pictures of `size` rows and columns.
  ///
  /// - Throws: `ValidationError` for an unknown name, and what preparing throws.
  package func network(size: Int) throws -> CompiledNetwork {
    guard let entry = NetworkCatalog.entry(named: network) else { throw ValidationError("no network is '\(network)'") }
    let choosers = family.isEmpty ? [] : [FamilyChooser(family: family)]
    return try CompiledNetwork(
      entry.graph(height: size, width: size), registry: .standard(),
      options: CompilationOptions(threads: threads, choosers: choosers))
  }
}
