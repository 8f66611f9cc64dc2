import ArgumentParser
import Luthier

/// Which of a database's problems a command looks at again.
struct SampleArguments: ParsableArguments {
  @Option(help: "How many problems, drawn evenly from all; 0 for every one.")
  var sample = 10

  @Option(help: "The number of threads that they were tuned for.")
  var threads = 1

  func validate() throws {
    guard (0...1_000_000).contains(sample) else {
      throw ValidationError("--sample is \(sample); allowed are 0 to 1000000.")
    }
  }

  /// Entries with a winner, evenly spread over the database's order.
  func entries(of database: PlatformDatabase) throws -> [TuningEntry] {
    let all = database.entries.filter { $0.key.threads == threads && $0.winner != nil }
    guard !all.isEmpty else {
      throw ValidationError("the database has no problem that was tuned for \(threads) threads.")
    }
    guard sample > 0, sample < all.count else { return all }
    return (0..<sample).map { all[$0 * all.count / sample] }
  }
}
