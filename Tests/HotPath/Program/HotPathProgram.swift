import ArgumentParser
import Foundation
import Luthier

/// Runs a network in a process of its own and prints what that cost, as JSON: what tests cannot see from within theirs.
@main
struct HotPathProgram: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "hot-path", abstract: "What runs of a network cost in allocations, locks and memory.",
    subcommands: [Calls.self, MemoryUse.self, Children.self, Cores.self])
}

/// The network, prepared as an embedding program would.
struct NetworkOptions: ParsableArguments {
  @Option(help: "A network of the catalog.")
  var network = "shufflenet_v2_x0_5"

  @Option(help: "Threads that run the network.")
  var threads = 1

  @Option(help: "A kernel family that is taken wherever it applies.")
  var family = ""

  @Option(help: "How often the network runs.")
  var runs = 1000

  func network(size: Int) throws -> CompiledNetwork {
    guard let entry = NetworkCatalog.entry(named: network) else { throw ValidationError("no network is '\(network)'") }
    let choosers = family.isEmpty ? [] : [FamilyChooser(family: family)]
    return try CompiledNetwork(
      entry.graph(height: size, width: size), registry: .standard(),
      options: CompilationOptions(threads: threads, choosers: choosers))
  }
}

/// The caller's memory for a network's inputs and outputs.
struct CallerMemory {
  let inputs: UnsafeMutablePointer<UnsafePointer<Float>>
  let outputs: UnsafeMutablePointer<UnsafeMutablePointer<Float>>
  let outputCount: Int

  init(_ network: CompiledNetwork) {
    inputs = .allocate(capacity: network.inputs.count)
    for (index, port) in network.inputs.enumerated() {
      let memory = UnsafeMutablePointer<Float>.allocate(capacity: port.shape.elementCount)
      for element in 0..<port.shape.elementCount { memory[element] = Float(element % 255) / 255 }
      (inputs + index).initialize(to: UnsafePointer(memory))
    }
    outputs = .allocate(capacity: network.outputs.count)
    for (index, port) in network.outputs.enumerated() {
      (outputs + index).initialize(to: .allocate(capacity: port.shape.elementCount))
    }
    outputCount = network.outputs.first?.shape.elementCount ?? 0
  }

  /// The bits of the first output.
  var bits: [UInt32] { (0..<outputCount).map { outputs[0][$0].bitPattern } }
}

/// Counts allocations and locks over runs on the caller's memory.
struct Calls: ParsableCommand {
  @OptionGroup var options: NetworkOptions

  func run() throws {
    let network = try options.network(size: 64)
    let context = network.makeContext()
    let memory = CallerMemory(network)
    // The first runs make OpenMP's workers.
    for _ in 0..<10 { context.run(unsafeInputs: memory.inputs, outputs: memory.outputs) }
    let allocations = CountedCalls.allocations.load(ordering: .relaxed)
    let locks = CountedCalls.locks.load(ordering: .relaxed)
    for _ in 0..<options.runs { context.run(unsafeInputs: memory.inputs, outputs: memory.outputs) }
    let made = CountedCalls.allocations.load(ordering: .relaxed) - allocations
    let taken = CountedCalls.locks.load(ordering: .relaxed) - locks
    print(
      "{\"runs\": \(options.runs), \"allocations\": \(made), \"locks\": \(taken), "
        + "\"allocations_before\": \(allocations), \"locks_before\": \(locks)}")
  }
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
