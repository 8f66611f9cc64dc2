import Dispatch
import LayerKernels
import Synchronization
import Testing

@Suite("Libraries of other makers")
struct VendorLibraryTests {
  @Test("every release and every revision gives kernels another version")
  func versions() {
    let library = VendorLibrary(name: "oneDNN", major: 2, minor: 6, patch: 3)
    #expect(library.kernelVersion(revision: 1) == 2_060_301)
    #expect(library.description == "oneDNN 2.6.3")
    #expect(KernelOrigin.vendor(library).description == "oneDNN 2.6.3")
    let others = [
      library.kernelVersion(revision: 2),
      VendorLibrary(name: "oneDNN", major: 2, minor: 6, patch: 4).kernelVersion(revision: 1),
      VendorLibrary(name: "oneDNN", major: 2, minor: 7, patch: 3).kernelVersion(revision: 1),
      VendorLibrary(name: "oneDNN", major: 3, minor: 6, patch: 3).kernelVersion(revision: 1),
    ]
    #expect(Set(others).count == 4 && !others.contains(library.kernelVersion(revision: 1)))
  }

  @Test("and so does every processor that a library takes this one for")
  func targets() {
    func library(_ target: String) -> VendorLibrary {
      VendorLibrary(name: "OpenBLAS", major: 0, minor: 3, patch: 21, target: target)
    }
    #expect(library("SkylakeX").description == "OpenBLAS 0.3.21 for SkylakeX")
    let names = ["Prescott", "Core2", "Nehalem", "Sandybridge", "Haswell", "SkylakeX", "Cooperlake", "Zen"]
    #expect(Set(names.map { library($0).kernelVersion(revision: 1) }).count == names.count)
  }

  @Test("a library without a version is known by the identity of its file")
  func builds() {
    let library = VendorLibrary(name: "XNNPACK", build: [0xd1, 0x0a, 0x10, 0x86, 0xda])
    #expect(library.description == "XNNPACK build d10a1086")
    let other = VendorLibrary(name: "XNNPACK", build: [0xd1, 0x0a, 0x10, 0x87])
    #expect(library.kernelVersion(revision: 1) != other.kernelVersion(revision: 1))
    #expect(VendorLibrary(name: "XNNPACK", build: []).kernelVersion(revision: 1) == 1)
  }
}

@Suite("A pool of run states")
struct RunStatePoolTests {
  final class State {
    let users = Atomic<Int>(0)
    var uses = 0
  }

  @Test("never lends a state to two runs, and makes no more than run at once")
  func lendsToOne() {
    let shared = Atomic<Int>(0)
    let count = CountedStates()
    let pool = RunStatePool(State()) { count.make() }
    DispatchQueue.concurrentPerform(iterations: 16) { _ in
      for _ in 0..<2_000 {
        pool.withState { state in
          if state.users.wrappingAdd(1, ordering: .acquiringAndReleasing).newValue != 1 {
            shared.wrappingAdd(1, ordering: .relaxed)
          }
          state.uses += 1
          state.users.wrappingSubtract(1, ordering: .acquiringAndReleasing)
        }
      }
    }
    #expect(shared.load(ordering: .relaxed) == 0)
    #expect(count.made <= 16)
  }

  @Test("lends the same state to runs one after the other")
  func reuses() {
    let count = CountedStates()
    let pool = RunStatePool(State()) { count.make() }
    var uses = 0
    for _ in 0..<100 {
      pool.withState { state in
        state.uses += 1
        uses = state.uses
      }
    }
    #expect(uses == 100)
    #expect(count.made == 0)
  }

  @Test("frees its states")
  func frees() {
    weak var weakState: State?
    do {
      let state = State()
      weakState = state
      let pool = RunStatePool(state) { State() }
      pool.withState { _ in }
    }
    #expect(weakState == nil)
  }

  /// Counts the states that a pool makes.
  final class CountedStates: Sendable {
    private let count = Atomic<Int>(0)
    var made: Int { count.load(ordering: .relaxed) }

    func make() -> State {
      count.wrappingAdd(1, ordering: .relaxed)
      return State()
    }
  }
}
