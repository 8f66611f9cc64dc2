import ArgumentParser
import Luthier
import Presentation

/// Which of a database's problems a command looks at again.
struct SampleArguments: ParsableArguments {
  @Option(help: "How many problems, drawn evenly from all; 0 for every one.")
  var sample = 10

  @Option(help: "The number of threads that they were tuned for.")
  var threads = 1

  func validate() throws {
    try checkThreads(threads)
    guard (0...1_000_000).contains(sample) else {
      throw ValidationError("--sample is \(sample); allowed are 0 to 1000000.")
    }
  }

  /// Entries with a winner, evenly spread over the file's order.
  ///
  /// - Throws: ``TuneProgramError``, `ValidationError`, or `TuningDatabaseError`, also for a file of another platform, whose
  ///   times nothing here can be held against.
  func entries(of file: DatabaseFile, _ library: RunningLibrary) throws -> [TuningEntry] {
    guard let database = try file.read() else { throw TuneProgramError.noDatabase(path: file.path) }
    switch database.platform.compare(to: library.host) {
    case .same: break
    case .near(let differences):
      StandardStreams.writeError(
        "warning: \(file.path) is of a near platform (\(differences.joined(separator: "; ")))\n")
    case .different(let differences):
      throw TuningDatabaseError.differentPlatform(path: file.path, reason: differences.joined(separator: "; "))
    }
    let all = database.entries.filter { $0.key.threads == threads && $0.winner != nil }
    guard !all.isEmpty else {
      throw ValidationError("the database has no problem that was tuned for \(threads) threads.")
    }
    guard sample > 0, sample < all.count else { return all }
    return (0..<sample).map { all[$0 * all.count / sample] }
  }
}
