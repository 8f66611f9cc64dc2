import Foundation
import PackagePlugin

/// `swift package tune`: runs the `tune` program with the same arguments, from the package's own folder.
@main
struct TuneCommand: CommandPlugin {
  func performCommand(context: PluginContext, arguments: [String]) async throws {
    let tune = try context.tool(named: "tune")
    let process = Process()
    process.executableURL = tune.url
    process.arguments = arguments
    process.currentDirectoryURL = context.package.directoryURL
    try process.run()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      Diagnostics.error("tune ended with exit code \(process.terminationStatus)")
      return
    }
  }
}
