import ArgumentParser
import Foundation
import HotPathNetworks
import Luthier

/// What becomes of a process that runs networks, printed as JSON: what tests cannot see from within theirs.
///
/// Apart from the program that counts calls, so that it has the system's allocator, or a sanitizer's.
@main
struct NetworkProcess: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "network-process", abstract: "The memory, children and cores of a process that runs networks.",
    subcommands: [MemoryUse.self, Children.self, Cores.self, Idle.self, Members.self])
}

/// Compares the resident memory after a hundredth of the runs with that after all of them.
struct MemoryUse: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "memory")

  @OptionGroup var options: NetworkOptions

  func run() throws {
    var builder = NetworkBuilder(name: "tiny", seed: 1)
    let input = try builder.input(batch: 1, channels: 3, height: 8, width: 8)
    let unit = try builder.convolutionUnit(input, outputs: 8, kernel: 3)
    let scores = try builder.dense(builder.globalAveragePooling(unit), outputs: 4)
    let network = try CompiledNetwork(
      builder.finish([("scores", scores)]), registry: .standard(),
      options: CompilationOptions(threads: options.threads))
    let tensor = Tensor(shape: network.inputs[0].shape, repeating: 0.5)
    for _ in 0..<(options.runs / 100) { _ = try network.run([tensor]) }
    let before = Self.residentBytes()
    for _ in 0..<options.runs { _ = try network.run([tensor]) }
    print("{\"runs\": \(options.runs), \"before\": \(before), \"after\": \(Self.residentBytes())}")
  }

  private static func residentBytes() -> Int {
    let fields = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?.split(separator: " ") ?? []
    return fields.count > 1 ? (Int(fields[1]) ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE))) : 0
  }
}

/// The cores that this process counts, the threads of the team that it would make, and how a team of a given size does.
struct Cores: ParsableCommand {
  @Option(help: "Threads of a team that runs once.")
  var threads = 1

  func run() throws {
    let team = try ThreadTeam(threads: threads)
    let shortage = team.shortage ?? ""
    team.run { $0.barrier() }
    print(
      "{\"usable\": \(Processor.current.usableCores), \"team\": \(try ThreadTeam().threads), \"ran\": true, "
        + "\"shortage\": \"\(shortage)\"}")
  }
}

/// Counts this process's threads after a large team has run, and again when its workers have been idle for some seconds.
struct Idle: ParsableCommand {
  func run() throws {
    try ThreadTeam(threads: 32).run { $0.barrier() }
    let busy = Self.threads()
    sleep(4)
    print("{\"busy\": \(busy), \"idle\": \(Self.threads())}")
  }

  private static func threads() -> Int {
    (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count) ?? 0
  }
}
