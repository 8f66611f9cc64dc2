import ArgumentParser
import Logging
import Luthier
import Presentation

/// The options of every subcommand that runs a network.
struct DeploymentArguments: ParsableArguments {
  @Option(help: "A tuned database: a file, or a folder of them, which has to be there. By default where 'tune' writes.")
  var profile: String?

  @Option(help: "Threads that run the network.")
  var threads = 1

  @Option(help: "A kernel family to run wherever it applies, whatever was tuned: direct, im2col, winograd, …")
  var kernels: String?

  @OptionGroup var inputs: InputArguments

  @Option(help: "The error that a tuned profile may have, as 'tune --max-error' was given.")
  var maxError = 0.0

  @OptionGroup var plugins: PluginArguments

  @Flag(help: "Fail where a layer was not tuned, instead of running a default.")
  var strict = false

  @Option(help: "A file that receives problems that nobody has tuned, for 'tune --misses FILE'.")
  var record: String?

  func validate() throws {
    try checkThreads(threads)
    if profile == "" { throw ValidationError("--profile is empty; leave it out for the default place.") }
    try checkFile(record, option: "--record")
    guard (0...1).contains(maxError) else { throw ValidationError("--max-error is \(maxError); allowed are 0 to 1.") }
  }

  func deployment() throws -> Deployment {
    var deployment = Deployment()
    deployment.threads = threads
    deployment.profile = profile
    deployment.family = kernels
    deployment.missesFile = record
    deployment.allowedError = maxError
    deployment.mode = strict ? .strict : .fallBack
    deployment.logger = Logger(label: "luthier") { StreamLogHandler.standardError(label: $0) }
    inputs.apply(to: &deployment)
    let registry = try plugins.registry()
    deployment.registry = registry
    deployment.operators = plugins.operators()
    if let kernels { try checkFamily(kernels, in: registry) }
    return deployment
  }
}

/// Checks the name of a kernel family.
///
/// - Throws: `ValidationError` when no kernel is of it.
func checkFamily(_ family: String, in registry: KernelRegistry) throws {
  let families = Set(registry.allKernels.map(\.identifier.family))
  guard families.contains(family) else {
    throw ValidationError(
      "no kernel family is called '\(family)'; known are \(families.sorted().joined(separator: ", ")).")
  }
}

/// `--network`, which is a file or a name.
struct NetworkArgument: ParsableArguments {
  @Option(help: "An ONNX file or a network of the catalog.")
  var network: String
}
