import Foundation
import PackagePlugin

/// `swift package tune`: builds the `tune` program for release, and runs it with the same arguments in the package's own folder.
///
/// `--kernels-of TARGET` names a target of the package that holds an entry point for Swift plugins; its kernels compete, too.
@main
struct TuneCommand: CommandPlugin {
  func performCommand(context: PluginContext, arguments: [String]) async throws {
    var extractor = ArgumentExtractor(arguments)
    let targets = extractor.extractOption(named: "kernels-of")
    // The program is no dependency of this plugin: as that it would be built a second time, apart from the package's own build, and
    // without optimization unless asked.
    let tune = try build(.product("tune"))
    guard let program = tune.builtArtifacts.first(where: { $0.kind == .executable })?.url else {
      throw TuneCommandError("the build made no program 'tune'")
    }
    let libraries = try targets.map { name in
      try PluginLibrary(target: name, of: context.package).link(
        objects: program.deletingLastPathComponent(), to: context.pluginWorkDirectoryURL, build: build)
    }
    let status = try run(
      program, extractor.remainingArguments + libraries.flatMap { ["--plugin", $0.path] },
      in: context.package.directoryURL)
    // The program has said what is wrong.
    if status != 0 { exit(status) }
  }

  private func build(_ subset: PackageManager.BuildSubset) throws -> PackageManager.BuildResult {
    let result = try packageManager.build(subset, parameters: .init(configuration: .release, logging: .concise))
    guard result.succeeded else { throw TuneCommandError(result.logText) }
    return result
  }
}

/// Runs a program with this one's streams to its end, and gives its exit code.
func run(_ program: URL, _ arguments: [String], in folder: URL) throws -> Int32 {
  let process = Process()
  process.executableURL = program
  process.arguments = arguments
  process.currentDirectoryURL = folder
  try process.run()
  process.waitUntilExit()
  return process.terminationStatus
}

struct TuneCommandError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
