import ArgumentParser
import Foundation
import HotPathNetworks
import Luthier

/// Forks children off after the network was loaded and used, and lets each do something with it.
struct Children: ParsableCommand {
  /// What a child does.
  enum Deed: String, ExpressibleByArgument, CaseIterable {
    /// Runs its parent's network.
    case run
    /// Loads the network again, with two threads, and runs it.
    case load
    /// Runs its parent's network on two threads at the same time.
    case share
  }

  @OptionGroup var options: NetworkOptions

  @Option(help: "What each child does.")
  var deed = Deed.run

  @Option(help: "How many children there are.")
  var children = 20

  func run() throws {
    let network = try options.network(size: 32)
    let memory = CallerMemory(network)
    network.run(unsafeInputs: memory.inputs, outputs: memory.outputs)
    let expected = memory.bits
    var again = options
    again.threads = 2
    // Swift hides fork(), because most of what a child may do is unsafe; loading and running a network is what is tried here.
    guard let symbol = dlsym(nil, "fork") else { throw ValidationError("there is no fork()") }
    let fork = unsafeBitCast(symbol, to: (@convention(c) () -> pid_t).self)
    var statuses: [Int32] = []
    for _ in 0..<children {
      let child = fork()
      if child == 0 {
        // A child that hangs is ended by this signal, and its status tells.
        alarm(60)
        let bits = (try? Self.bits(deed, network, again, memory)) ?? []
        _exit(!bits.isEmpty && bits.allSatisfy { $0 == expected } ? 0 : 1)
      }
      var status: Int32 = 0
      while waitpid(child, &status, 0) < 0, errno == EINTR {}
      statuses.append(status)
    }
    print("{\"statuses\": \(statuses)}")
  }

  /// The outputs' bits of each run that a child makes.
  private static func bits(
    _ deed: Deed, _ network: CompiledNetwork, _ again: NetworkOptions, _ memory: CallerMemory
  ) throws -> [[UInt32]] {
    switch deed {
    case .run:
      network.run(unsafeInputs: memory.inputs, outputs: memory.outputs)
      return [memory.bits]
    case .load:
      let network = try again.network(size: 32)
      network.run(unsafeInputs: memory.inputs, outputs: memory.outputs)
      return [memory.bits]
    case .share:
      nonisolated(unsafe) let memories = (0..<2).map { _ in CallerMemory(network) }
      ForkedThreads.run(2) { index in
        for _ in 0..<20 { network.run(unsafeInputs: memories[index].inputs, outputs: memories[index].outputs) }
      }
      return memories.map(\.bits)
    }
  }
}

/// Threads of a forked child: the system's own, because Foundation's are not made for one.
private final class ForkedThreads: Sendable {
  private let body: @Sendable (Int) -> Void
  private let index: Int

  private init(_ index: Int, _ body: @escaping @Sendable (Int) -> Void) {
    self.body = body
    self.index = index
  }

  /// Runs a closure on some threads and waits for them.
  static func run(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
    let threads = (0..<count).map { index in
      var thread = pthread_t()
      pthread_create(
        &thread, nil,
        { argument in
          guard let argument else { return nil }
          let mine = Unmanaged<ForkedThreads>.fromOpaque(argument).takeRetainedValue()
          mine.body(mine.index)
          return nil
        }, Unmanaged.passRetained(ForkedThreads(index, body)).toOpaque())
      return thread
    }
    for thread in threads { pthread_join(thread, nil) }
  }
}
