import ArgumentParser
import Luthier
import Presentation

/// `tune export`: what a deployment needs of a database, and no more.
struct ExportDatabase: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Write the part of the database that a deployment reads: profiles and each kernel's fastest candidate.")

  @Option(help: "Only these kernels or families, such as direct,im2col.gemm; profiles that need others are left out.")
  var kernels: String?

  @Option(name: .shortAndLong, help: "The file to write; by default standard output.")
  var output: String?

  @OptionGroup var databases: DatabaseArguments

  func validate() throws { try checkFile(output, option: "--output") }

  func run() throws {
    let file = try databases.file(of: .current())
    guard let database = try file.read() else { throw TuneProgramError.noDatabase(path: file.path) }
    let bytes = try database.forDeployment(kernels: try chosen(of: database)).encoded()
    guard let output else {
      print(String(decoding: bytes, as: UTF8.self), terminator: "")
      return
    }
    try AtomicFile.write(bytes, to: output)
    print(output)
  }

  private func chosen(of database: PlatformDatabase) throws -> Set<KernelIdentifier>? {
    guard let kernels else { return nil }
    let known = Set(database.entries.flatMap { $0.candidates.map(\.kernel) })
      .union(try databases.plugins.registry().allKernels.map(\.identifier))
    var chosen: Set<KernelIdentifier> = []
    guard kernels.contains(where: { $0 != "," }) else { throw ValidationError("--kernels names no kernel.") }
    for name in kernels.split(separator: ",").map(String.init) {
      let matching = known.filter { $0.name == name || $0.family == name }
      guard !matching.isEmpty else {
        throw ValidationError(
          "no kernel or family is called '\(name)'; families are "
            + "\(Set(known.map(\.family)).sorted().joined(separator: ", ")).")
      }
      chosen.formUnion(matching)
    }
    return chosen
  }
}
