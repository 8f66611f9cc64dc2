import Foundation
import Luthier
import Testing

@Suite("Networks used from many threads")
struct ConcurrencyTests {
  static let registry = KernelRegistry.standardForTests

  func network(_ name: String, threads: Int = 1, family: String? = nil) throws -> CompiledNetwork {
    let graph = try #require(NetworkCatalog.entry(named: name)).graph(height: 32, width: 32)
    let choosers = family.map { [FamilyChooser(family: $0)] } ?? []
    return try CompiledNetwork(
      graph, registry: Self.registry, options: CompilationOptions(threads: threads, choosers: choosers))
  }

  func input(_ network: CompiledNetwork, seed: UInt64) -> [Tensor] {
    var random = RandomSource(seed: seed)
    return network.inputs.map { random.tensor(shape: $0.shape) }
  }

  /// Runs a function on operating system threads of their own at once, and gives what they return.
  func onThreads<Result: Sendable>(
    _ count: Int, _ body: @escaping @Sendable (Int) throws -> Result
  ) throws -> [Result] {
    let results = Results<Result>()
    let group = DispatchGroup()
    for index in 0..<count {
      group.enter()
      let thread = Thread {
        results.add(Swift.Result { try body(index) })
        group.leave()
      }
      thread.stackSize = 1 << 20
      thread.start()
    }
    group.wait()
    return try results.all.map { try $0.get() }
  }

  /// After a lock of Foundation's, which Thread Sanitizer knows.
  /// `@unchecked Sendable`: the lock guards every access.
  private final class Results<Value>: @unchecked Sendable {
    private let lock = NSLock()
    private var results: [Result<Value, any Error>] = []
    func add(_ result: Result<Value, any Error>) { lock.withLock { results.append(result) } }
    var all: [Result<Value, any Error>] { lock.withLock { results } }
  }

  @Test("Sixteen threads with inputs of their own get the bits that one thread gets", arguments: [1, 2])
  func sixteenThreads(threads: Int) throws {
    let network = try network("shufflenet_v2_x0_5", threads: threads)
    let inputs = (0..<16).map { input(network, seed: UInt64($0)) }
    let expected = try inputs.map { try network.run($0)[0] }
    let isEqual = try onThreads(16) { index in
      for _ in 0..<20 where try !network.run(inputs[index])[0].hasSameBits(as: expected[index]) { return false }
      return true
    }
    #expect(isEqual == Array(repeating: true, count: 16))
    // Of the contexts that so many callers needed, those stay that can be used at the same time.
    #expect((1...max(2, Processor.current.usableCores)).contains(network.spareCount))
  }

  @Test("Two networks side by side do not disturb each other")
  func sideBySide() throws {
    let networks = [try network("shufflenet_v2_x0_5", threads: 2), try network("mobilenet_v2_x0_35", threads: 2)]
    let inputs = networks.map { input($0, seed: 3) }
    let expected = try zip(networks, inputs).map { try $0.run($1)[0] }
    let isEqual = try onThreads(8) { index in
      let own = index % 2
      for _ in 0..<20 where try !networks[own].run(inputs[own])[0].hasSameBits(as: expected[own]) { return false }
      return true
    }
    #expect(isEqual == Array(repeating: true, count: 8))
  }

  @Test("Tasks that are cancelled in the middle of a run end it, and the network goes on giving the same bits")
  func cancellation() async throws {
    let network = try network("shufflenet_v2_x0_5")
    let data = input(network, seed: 4)
    let expected = try network.run(data)[0]
    let tasks = (0..<8).map { _ in
      Task {
        var runs = 0
        while !Task.isCancelled {
          guard try network.run(data)[0].hasSameBits(as: expected) else { return -1 }
          runs += 1
          await Task.yield()
        }
        // A run that begins in a cancelled task is a run like any other.
        return try network.run(data)[0].hasSameBits(as: expected) ? runs : -1
      }
    }
    try await Task.sleep(for: .milliseconds(50))
    for task in tasks { task.cancel() }
    for task in tasks { #expect(try await task.value >= 0) }
    #expect(try network.run(data)[0].hasSameBits(as: expected))
  }

  @Test(
    "Networks that many threads load at once are those that one thread loads",
    arguments: ["decomposed", "winograd", "im2col", "direct"])
  func loading(family: String) throws {
    let reference = try network("squeezenet_1_1", family: family)
    let data = input(reference, seed: 5)
    let expected = try reference.run(data)[0]
    let isEqual = try onThreads(6) { _ in
      try network("squeezenet_1_1", family: family).run(data)[0].hasSameBits(as: expected)
    }
    #expect(isEqual == Array(repeating: true, count: 6))
  }

  @Test(
    "The same profile, input and threads give the same bits, also when the network is loaded again", arguments: 1...3)
  func determinism(threads: Int) throws {
    let first = try network("mobilenet_v2_x0_35", threads: threads)
    let data = input(first, seed: 6)
    let expected = try first.run(data)[0]
    for _ in 0..<3 {
      let again = try network("mobilenet_v2_x0_35", threads: threads)
      for _ in 0..<5 { #expect(try again.run(data)[0].hasSameBits(as: expected)) }
    }
  }

  @Test(
    "Where the same kernels run, another number of threads gives the same bits",
    arguments: [nil, "direct", "im2col", "winograd", "decomposed", "reference"],
    ["shufflenet_v2_x0_5", "mobilenet_v2_x0_35", "squeezenet_1_1", "resnet_18"])
  func otherThreads(family: String?, name: String) throws {
    let alone = try network(name, family: family)
    let data = input(alone, seed: 7)
    let expected = try alone.run(data)[0]
    for threads in 2...5 {
      let shared = try network(name, threads: threads, family: family)
      #expect(shared.layers.map(\.choice.candidate.name) == alone.layers.map(\.choice.candidate.name))
      #expect(try shared.run(data)[0].hasSameBits(as: expected), "\(threads) threads")
    }
  }
}
