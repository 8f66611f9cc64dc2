import Foundation
import PackagePlugin

/// A library of a package's kernels that `tune` loads: what the target needs, but for what is in the program already.
///
/// SwiftPM would link a second copy of Luthier into it, whose kernels the program's registry does not take.
struct PluginLibrary {
  private let target: any Target
  private let modules: [any Target]

  init(target name: String, of package: Package) throws {
    guard let target = package.targets.first(where: { $0.name == name }) else {
      throw TuneCommandError(
        "no target of \(package.displayName) is '\(name)'; its targets are "
          + package.targets.map(\.name).sorted().joined(separator: ", "))
    }
    let inProgram = Set(Self.program(in: package).flatMap(\.recursiveTargetDependencies).map(\.id))
    self.target = target
    modules = ([target] + target.recursiveTargetDependencies).filter {
      !inProgram.contains($0.id) && $0 is any SourceModuleTarget
    }
  }

  /// The targets of the product `tune`, in whichever package it is.
  private static func program(in package: Package) -> [any Target] {
    package.products.first { $0.name == "tune" }?.targets
      ?? package.dependencies.lazy.map { program(in: $0.package) }.first { !$0.isEmpty } ?? []
  }

  /// Builds the target, and links the objects that the build left into a library.
  func link(
    objects folder: URL, to output: URL, build: (PackageManager.BuildSubset) throws -> PackageManager.BuildResult
  ) throws -> URL {
    _ = try build(.target(target.name))
    let objects = try modules.flatMap { module in
      try FileManager.default.contentsOfDirectory(
        at: folder.appending(path: "\(module.name).build"), includingPropertiesForKeys: nil
      ).filter { $0.pathExtension == "o" }.map(\.path)
    }
    let library = output.appending(path: "lib\(target.name).so")
    let status = try run(
      URL(filePath: "/usr/bin/env"), ["swiftc", "-emit-library", "-o", library.path] + objects.sorted(), in: output)
    guard status == 0 else { throw TuneCommandError("the objects of '\(target.name)' cannot be linked into a library") }
    return library
  }
}
