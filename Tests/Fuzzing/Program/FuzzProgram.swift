import ArgumentParser
import Foundation
import FuzzedParsers

/// Fuzzes one parser: damaged inputs that a seed decides, each within a second and 512 MiB.
///
/// `swift run -c release fuzz onnx --executions 1000000 --seed 1`
@main
struct FuzzProgram: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fuzz",
    abstract: "Feeds a parser damaged inputs; ends with 2 and the input when one crashes, with 3 when one hangs.")

  @Argument(help: "The parser: \(FuzzedParser.all.map(\.name).joined(separator: ", ")).")
  var parser: String

  @Option(help: "How many inputs are parsed.")
  var executions = 1_000_000

  @Option(help: "What decides the inputs.")
  var seed: UInt64 = 1

  @Option(help: "The folder of sound inputs, with one folder a parser.")
  var seeds = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Seeds").path

  @Option(help: "Where the input of a crash is saved.")
  var save = "crash.bin"

  @Option(help: "Parses this file only, as often as a crash needs to be looked at.")
  var input: String?

  func run() throws {
    guard let parser = FuzzedParser.all.first(where: { $0.name == parser }) else {
      throw ValidationError("no parser is called '\(parser)'")
    }
    if let input {
      print(try parser.parse([UInt8](try Data(contentsOf: URL(fileURLWithPath: input)))))
      return
    }
    var session = try FuzzingSession(parser, seed: seed, files: try SeedFiles.read(seeds, parser: parser.name))
    print("\(parser.name): seed \(seed), \(executions) executions from \(session.corpusCount) inputs")
    try session.parseSeeds()
    ExecutionGuard.start(savingTo: save)
    let clock = ContinuousClock()
    let start = clock.now
    var slowest = (time: Duration.zero, execution: 0)
    for execution in 1...max(executions, 1) {
      let bytes = session.nextInput()
      let begin = ExecutionGuard.processorTime
      do {
        try ExecutionGuard.run(bytes) { try session.parse(bytes) }
      } catch {
        ExecutionGuard.saveInput()
        throw ValidationError("execution \(execution) of seed \(seed): \(error); its input is \(save)")
      }
      let time = ExecutionGuard.processorTime - begin
      if time > slowest.time { slowest = (time, execution) }
      if execution % 100_000 == 0 {
        print("\(execution) executions, \(session.fateCount) fates, \(clock.now - start)")
        // Seen at once in a file, too, since a run may take an hour.
        fflush(nil)
      }
    }
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    print(
      "\(parser.name): \(session.executionCount) executions in \(clock.now - start): no crash, no hang; "
        + "slowest \(slowest.time) of processor time in execution \(slowest.execution), \(session.fateCount) fates, "
        + "peak memory \(usage.ru_maxrss / 1024) MiB")
  }
}
