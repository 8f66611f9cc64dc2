import Autotuner
import Foundation
import Luthier
import Testing

@Suite("Candidates that misbehave in their worker process", .serialized)
struct IsolationTests {
  static func worker() throws -> String {
    var folder = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent()
    for _ in 0..<6 {
      let path = folder.appendingPathComponent("FaultyTuningWorker").path
      if FileManager.default.isExecutableFile(atPath: path) { return path }
      folder.deleteLastPathComponent()
    }
    throw CocoaError(.fileNoSuchFile)
  }

  /// Tunes with the kernels that misbehave.
  ///
  /// - Parameter isLate: whether this process sleeps for a while, in which the worker tries the next candidates and dies of one.
  func tune(isLate: Bool = false) throws -> (entry: TuningEntry, notes: [String]) {
    let tuner = try IsolatedProblemTuner(
      executable: Self.worker(), arguments: [], options: TuningOptions(effort: .quick),
      limits: .init(secondsPerStep: 5, memory: 512 << 20))
    var notes: [String] = []
    let entry = try tuner.tune(
      ElementwiseProblem(.relu, shape: TensorShape([1, 16, 32, 32])), threads: 1, known: nil,
      cancellation: Cancellation()
    ) { event in
      switch event {
      case .note(let text): notes.append(text)
      case .trying("faulty.none", _, _, _) where isLate: usleep(300_000)
      default: break
      }
    }
    return (entry, notes)
  }

  @Test(
    "Crash, hang, hoarding, overrun, underrun, stray write and NaN are disqualified with the reason; the rest is tuned",
    arguments: [false, true])
  func faults(isLate: Bool) throws {
    let (entry, notes) = try tune(isLate: isLate)
    func record(_ name: String) throws -> CandidateRecord {
      try #require(entry.candidates.first { $0.kernel.name == "faulty.\(name)" })
    }
    #expect(entry.winner != nil)
    #expect(try record("none").verdict.isTimed)
    for (name, signal) in [
      ("crashes", "signal 11"), ("overruns", "signal"), ("underruns", "signal"), ("hoards", "signal 6"),
      ("crashes-later", "signal 7"),
    ] {
      let found = try record(name)
      #expect(found.verdict == .crashed, "\(name)")
      #expect(found.reason?.contains(signal) == true, "\(name): \(found.reason ?? "no reason")")
    }
    #expect(try record("crashes").reason?.hasSuffix("in use: the last words") == true)
    #expect(try record("hangs").verdict == .timedOut)
    #expect(try record("hangs").reason?.contains("5.0 s") == true)
    #expect(try record("scribbles").verdict == .wrong)
    #expect(try record("scribbles").reason?.contains("past the end") == true)
    #expect(try record("nan").verdict == .wrong)
    #expect(notes.count == 6)
    #expect(notes.allSatisfy { $0.contains("out of the race") })
  }

  @Test(
    "The worker's results are those of the same tuner in this process: the same candidates with the same verdict kinds")
  func sameAsInProcess() throws {
    let problem = try ConvolutionProblem(
      batch: 1, inputChannels: 8, input: .init(9), outputChannels: 12, window: WindowGeometry(kernel: .init(1)))
    let registry = try KernelRegistry.standard()
    let oracle = registry.filter { $0.family == "reference" }
    let inProcess = try ProblemTuner(
      registry: registry, oracle: oracle, clock: SystemClock(), options: TuningOptions(effort: .quick)
    ).tune(problem, threads: 1, cancellation: Cancellation(), report: { _ in })
    let program = URL(fileURLWithPath: try Self.worker()).deletingLastPathComponent().appendingPathComponent("tune")
      .path
    let isolated = try IsolatedProblemTuner(
      executable: program, arguments: ["worker"], options: TuningOptions(effort: .quick)
    ).tune(problem, threads: 1, known: nil, cancellation: Cancellation(), report: { _ in })
    #expect(isolated.candidates.map(\.name) == inProcess.candidates.map(\.name))
    #expect(isolated.candidates.map(\.verdict.isTimed) == inProcess.candidates.map(\.verdict.isTimed))
    #expect(isolated.key == inProcess.key)
    #expect(isolated.search?.offers == inProcess.search?.offers)
  }

  @Test("A worker that cannot be started, or is none, is one clear error")
  func noWorker() throws {
    for executable in ["/no/such/worker", "/bin/false", "/bin/echo"] {
      let tuner = try IsolatedProblemTuner(
        executable: executable, arguments: [], options: TuningOptions(effort: .quick))
      #expect(throws: TuningError.self) {
        _ = try tuner.tune(
          ElementwiseProblem(.relu, shape: TensorShape([4])), threads: 1, known: nil, cancellation: Cancellation(),
          report: { _ in })
      }
    }
  }

  @Test("A cancelled tuner ends its worker")
  func cancelled() throws {
    let cancellation = Cancellation()
    cancellation.cancel()
    let tuner = try IsolatedProblemTuner(
      executable: Self.worker(), arguments: [], options: TuningOptions(effort: .quick))
    #expect(throws: TuningError.interrupted) {
      _ = try tuner.tune(
        ElementwiseProblem(.relu, shape: TensorShape([4])), threads: 1, known: nil, cancellation: cancellation,
        report: { _ in })
    }
  }
}
