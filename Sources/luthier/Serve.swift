#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import ArgumentParser
import FoundationEssentials
import Presentation

/// `luthier serve`: the program `luthier-serve`, which is a package of its own, in place of this one.
struct Serve: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Serve the models of a folder over HTTP and gRPC, by the program luthier-serve.",
    discussion: "'luthier-serve --help' says what it takes.")

  @Argument(parsing: .captureForPassthrough, help: "What luthier-serve is given.")
  var arguments: [String] = []

  func run() throws {
    guard let program = Self.program else { throw MissingServer() }
    try StandardStreams.flushOutput()
    var words: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    execv(program, &words)
    throw MissingServer(reason: "\(program) cannot be started: \(String(cString: strerror(errno)))")
  }

  /// Beside this program, where the same build has put it, or where the system looks for programs.
  private static var program: String? {
    let own = ProgramFile.path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map(String.init)
    return ([own] + folders).lazy.filter { !$0.isEmpty }.map { "\($0)/luthier-serve" }.first { access($0, X_OK) == 0 }
  }
}

/// That there is no server.
struct MissingServer: ExitStatusProviding, CustomStringConvertible {
  var reason = "luthier-serve is neither beside this program nor in PATH"

  var description: String {
    "\(reason); 'swift build -c release --package-path Sources/LuthierServer --product luthier-serve' in the checkout makes it"
  }
  var exitStatus: ExitStatus { .missingInput }
}
