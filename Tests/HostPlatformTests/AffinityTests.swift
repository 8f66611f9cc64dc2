import HostPlatform
import Testing

@Suite("Binding threads to cores")
struct AffinityTests {
  @Test("A pinned thread may run on its core only, until its old affinity is applied again")
  func pinning() {
    onThreads(1) { _ in
      let before = Affinity.current
      guard let core = before.cores.last else {
        Issue.record("this thread may run on no core at all")
        return
      }
      #expect(throws: Never.self) { try Affinity.pin(toCore: core) }
      #expect(Affinity.current.cores == [core])
      #expect(throws: Never.self) { try before.apply() }
      #expect(Affinity.current == before)
    }
  }

  @Test("Cores that do not exist are an error that names them", arguments: [-1, Int.min, 60_000, 65_536, Int.max])
  func noSuchCore(core: Int) throws {
    let before = Affinity.current
    let error = #expect(throws: AffinityError.self) { try Affinity.pin(toCore: core) }
    #expect(String(describing: try #require(error)).contains("'\(core)'"))
    #expect(Affinity.current == before)
  }

  @Test("An affinity without cores is refused")
  func empty() {
    #expect(throws: AffinityError.self) { try Affinity(cores: []).apply() }
  }

  @Test(
    "A worker leaves its caller's core, keeps its affinity, and stays where it has no other",
    .enabled(if: Affinity.current.cores.count > 1, "this process may use one core only"))
  func sharing() {
    onThreads(1) { _ in
      let before = Affinity.current
      for core in before.cores.prefix(4) {
        // On that core at this moment, and free to go.
        #expect(throws: Never.self) { try Affinity.pin(toCore: core) }
        #expect(CoreSharing.currentCore == core)
        CoreSharing.leave(core)
        #expect(CoreSharing.currentCore == core)
        #expect(Affinity.current.cores == [core])
        #expect(throws: Never.self) { try before.apply() }
        let here = CoreSharing.currentCore
        CoreSharing.leave(here)
        #expect(Affinity.current == before)
      }
    }
  }
}
