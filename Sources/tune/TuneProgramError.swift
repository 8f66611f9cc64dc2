import Luthier
import Presentation

/// What `tune` alone can say.
enum TuneProgramError: ExitStatusProviding, CustomStringConvertible {
  case noDatabase(path: String)
  case noFolder
  case unknownLayer(String, threads: Int)
  case noMisses(path: String)
  case missThreads(path: String, threads: Int)
  case unknownNetwork(String?, threads: Int, known: [String])

  var exitStatus: ExitStatus {
    switch self {
    case .noDatabase, .noMisses: .missingInput
    case .missThreads: .badData
    case .noFolder: .usage
    case .unknownLayer, .unknownNetwork: .usage
    }
  }

  var description: String {
    switch self {
    case .noDatabase(let path): "there is no database at \(path); 'tune --platform this-host' makes one"
    case .noFolder: "there is no home folder to keep a database in; name one with --database"
    case .noMisses(let path): "\(path) lists no problem; 'luthier run --record' writes such files"
    case .missThreads(let path, let threads):
      "\(path) has a problem for \(threads) threads; \(CompilationOptions.allowedThreads.lowerBound) to "
        + "\(CompilationOptions.allowedThreads.upperBound) are allowed"
    case .unknownLayer(let name, let threads):
      "no layer or problem called '\(name)' is tuned for \(threads) \(threads == 1 ? "thread" : "threads"); "
        + "'tune show' lists the problems"
    case .unknownNetwork(let name, let threads, let known):
      "\(name.map { "'\($0)' is not" } ?? "no network is") tuned for \(threads) \(threads == 1 ? "thread" : "threads"); tuned are \(known.isEmpty ? "none" : known.joined(separator: ", "))"
    }
  }
}
