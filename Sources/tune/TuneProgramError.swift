import Presentation

/// What `tune` alone can say.
enum TuneProgramError: ExitStatusProviding, CustomStringConvertible {
  case noDatabase(path: String)
  case noFolder
  case unknownLayer(String)
  case noMisses(path: String)
  case unknownNetwork(String, threads: Int, known: [String])

  var exitStatus: ExitStatus {
    switch self {
    case .noDatabase, .noMisses: .missingInput
    case .noFolder: .usage
    case .unknownLayer, .unknownNetwork: .usage
    }
  }

  var description: String {
    switch self {
    case .noDatabase(let path): "there is no database at \(path); 'tune --platform this-host' makes one"
    case .noFolder: "there is no home folder to keep a database in; name one with --database"
    case .noMisses(let path): "\(path) lists no problem; 'luthier run --record' writes such files"
    case .unknownLayer(let name): "no tuned layer or problem is called '\(name)'; 'tune show' lists the problems"
    case .unknownNetwork(let name, let threads, let known):
      "'\(name)' is not tuned for \(threads) \(threads == 1 ? "thread" : "threads"); tuned are \(known.isEmpty ? "none" : known.joined(separator: ", "))"
    }
  }
}
