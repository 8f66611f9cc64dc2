import Foundation
import HostPlatform
import Testing

@Suite("A team of threads")
struct ThreadTeamTests {
  /// The environment may limit threads; then teams work with fewer members.
  static let givesAllThreads = ProcessInfo.processInfo.environment["OMP_THREAD_LIMIT"] == nil

  /// Thread Sanitizer's runtime does not let a forked child start threads.
  static let isThreadSanitized = dlsym(nil, "__tsan_init") != nil

  @Test("Every member runs the work once and knows its number", .enabled(if: givesAllThreads), arguments: [1, 2, 3, 8])
  func members(threads: Int) throws {
    let team = try ThreadTeam(threads: threads)
    let indices = Collected<Int>()
    let counts = Collected<Int>()
    team.run { member in
      indices.add(member.index)
      counts.add(member.count)
    }
    #expect(indices.values.sorted() == Array(0..<threads))
    #expect(Set(counts.values) == [threads])
  }

  @Test("No member passes a barrier before all are there, 100,000 times over")
  func barriers() throws {
    let (mistakes, members) = BarrierRounds.run(50_000, on: try ThreadTeam(threads: 2))
    #expect(mistakes == 0)
    #expect(members == (Self.givesAllThreads ? 2 : members) && members > 0)
  }

  @Test("Eight members on fewer cores wait for each other and come to an end")
  func oversubscription() throws {
    let (mistakes, members) = BarrierRounds.run(500, on: try ThreadTeam(threads: 8))
    #expect(mistakes == 0)
    #expect(members == (Self.givesAllThreads ? 8 : members) && members > 0)
  }

  @Test("One team serves sixteen threads at the same time")
  func sharedTeam() throws {
    let team = try ThreadTeam(threads: 2)
    let found = Collected<Int>()
    onThreads(16) { _ in
      for _ in 0..<5 {
        let (mistakes, members) = BarrierRounds.run(50, on: team)
        found.add(members > 0 ? mistakes : -1)
      }
    }
    #expect(found.values == Array(repeating: 0, count: 80))
  }

  @Test("Two teams of unequal size work side by side")
  func twoTeams() throws {
    let teams = [try ThreadTeam(threads: 2), try ThreadTeam(threads: 3)]
    let found = Collected<Int>()
    onThreads(2) { index in
      for _ in 0..<50 {
        let (mistakes, members) = BarrierRounds.run(20, on: teams[index])
        found.add((1...index + 2).contains(members) ? mistakes : -1)
      }
    }
    #expect(found.values == Array(repeating: 0, count: 100))
  }

  @Test("A run inside a run has a team of its own, and ends")
  func nested() throws {
    let team = try ThreadTeam(threads: 2)
    let outer = Collected<Int>()
    let inner = Collected<(mistakes: Int, members: Int)>()
    team.run { member in
      outer.add(member.index)
      inner.add(BarrierRounds.run(10, on: team))
      member.barrier()
    }
    #expect(inner.values.count == outer.values.count)
    #expect(inner.values.allSatisfy { $0.mistakes == 0 && (1...2).contains($0.members) })
  }

  @Test("A team of one runs the work on the caller")
  func alone() throws {
    let threads = Collected<pthread_t>()
    try ThreadTeam(threads: 1).run { member in
      member.barrier()
      threads.add(pthread_self())
    }
    #expect(threads.values == [pthread_self()])
  }

  @Test("Member 0 is the caller, and what members wrote is there when the run returns")
  func results() throws {
    let first = Collected<pthread_t>()
    let squares = UnsafeMutablePointer<Int>.allocate(capacity: 1_000)
    defer { squares.deallocate() }
    nonisolated(unsafe) let memory = squares
    try ThreadTeam(threads: 2).run { member in
      if member.index == 0 { first.add(pthread_self()) }
      for number in stride(from: member.index, to: 1_000, by: member.count) { memory[number] = number * number }
    }
    #expect(first.values == [pthread_self()])
    #expect((0..<1_000).allSatisfy { squares[$0] == $0 * $0 })
  }

  @Test(
    "Numbers of threads outside the limits are errors that name the number",
    arguments: [Int.min, -1, 0, 1_025, 1_000_000, .max])
  func limits(threads: Int) throws {
    let error = #expect(throws: ThreadTeamError.threads(threads)) { try ThreadTeam(threads: threads) }
    #expect(
      String(describing: try #require(error)).contains("\(threads) threads cannot be made; 1 to 1024 are allowed"))
  }

  @Test("Blocktimes outside the limits are errors", arguments: [Int.min, -1, 60_001, .max])
  func blocktimeLimits(blocktime: Int) {
    #expect(throws: ThreadTeamError.blocktime(blocktime)) { try ThreadTeam(threads: 1, blocktime: blocktime) }
  }

  @Test("Barriers hold under any blocktime", arguments: [nil, 0, 1, 20])
  func blocktimes(blocktime: Int?) throws {
    let team = try ThreadTeam(threads: 2, blocktime: blocktime)
    for _ in 0..<10 {
      let (mistakes, members) = BarrierRounds.run(10, on: team)
      #expect(mistakes == 0 && members > 0)
    }
  }

  @Test("The environment's own wait policy is left alone")
  func environment() {
    #expect(ThreadTeam.blocktime(environment: [:]) == ThreadTeam.defaultBlocktime)
    #expect(ThreadTeam.blocktime(environment: ["OMP_NUM_THREADS": "2"]) == ThreadTeam.defaultBlocktime)
    #expect(ThreadTeam.blocktime(environment: ["OMP_WAIT_POLICY": "active"]) == nil)
    #expect(ThreadTeam.blocktime(environment: ["KMP_BLOCKTIME": "infinite"]) == nil)
  }

  @Test("By default a team has the usable cores")
  func usableCores() throws {
    #expect(try ThreadTeam().threads == Processor.current.usableCores)
  }

  @Test("A child after fork() runs the team that its parent made and has used", .enabled(if: !isThreadSanitized))
  func fork() throws {
    let team = try ThreadTeam(threads: 2)
    let (_, members) = BarrierRounds.run(10, on: team)
    // Swift hides fork(), because most of what a child may do is unsafe; running a team is what is tried here.
    let symbol = try #require(dlsym(nil, "fork"))
    let fork = unsafeBitCast(symbol, to: (@convention(c) () -> pid_t).self)
    for _ in 0..<20 {
      let child = fork()
      if child == 0 {
        // A child that hangs is ended by this signal, and its status tells.
        alarm(60)
        _exit(BarrierRounds.run(10, on: team) == (mistakes: 0, members: members) ? 42 : 1)
      }
      try #require(child > 0)
      var status: Int32 = 0
      while waitpid(child, &status, 0) < 0, errno == EINTR {}
      #expect(status == 42 << 8, "the child ended with status \(status)")
    }
  }
}
