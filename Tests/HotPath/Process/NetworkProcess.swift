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
    subcommands: [MemoryUse.self, Children.self, Cores.self])
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

/// Runs the network in children that are forked off after it was loaded and used.
struct Children: ParsableCommand {
  @OptionGroup var options: NetworkOptions

  func run() throws {
    let network = try options.network(size: 32)
    let memory = CallerMemory(network)
    network.run(unsafeInputs: memory.inputs, outputs: memory.outputs)
    let expected = memory.bits
    // Swift hides fork(), because most of what a child may do is unsafe; running a network is what is tried here.
    guard let symbol = dlsym(nil, "fork") else { throw ValidationError("there is no fork()") }
    let fork = unsafeBitCast(symbol, to: (@convention(c) () -> pid_t).self)
    var statuses: [Int32] = []
    for _ in 0..<8 {
      let child = fork()
      if child == 0 {
        // A child that hangs is ended by this signal, and its status tells.
        alarm(60)
        network.run(unsafeInputs: memory.inputs, outputs: memory.outputs)
        _exit(memory.bits == expected ? 0 : 1)
      }
      var status: Int32 = 0
      while waitpid(child, &status, 0) < 0, errno == EINTR {}
      statuses.append(status)
    }
    print("{\"statuses\": \(statuses)}")
  }
}

/// The cores that this process counts, and the threads of the team that it would make.
struct Cores: ParsableCommand {
  func run() throws {
    print("{\"usable\": \(Processor.current.usableCores), \"team\": \(try ThreadTeam().threads)}")
  }
}
