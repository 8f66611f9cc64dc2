import ArgumentParser
import HotPathNetworks
import Luthier

/// Counts allocations and locks over runs on the caller's memory, in a process of its own, and prints them as JSON.
@main
struct HotPathProgram: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "hot-path", abstract: "What runs of a network cost in allocations and locks.")

  @OptionGroup var options: NetworkOptions

  func run() throws {
    let network = try options.network(size: 64)
    let context = network.makeContext()
    let memory = CallerMemory(network)
    // The first runs make the workers.
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
