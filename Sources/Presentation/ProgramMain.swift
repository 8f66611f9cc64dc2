public import ArgumentParser
#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Runs a command and ends the process: data on standard output, one line for an error on standard error, and an exit code
/// that says whose fault it was (``ExitStatus``).
public enum ProgramMain {
  /// Parses the process's arguments and runs the command that they name. Never returns.
  public static func run<Root: ParsableCommand>(_ root: Root.Type) -> Never {
    StandardStreams.occupy()
    // A reader that goes away ends the program quietly instead of by a signal that looks like a crash.
    signal(SIGPIPE, SIG_DFL)
    // A program that was started by a thread which blocks signals inherits the mask; Ctrl-C has to work all the same.
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGINT)
    sigaddset(&signals, SIGTERM)
    pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    do {
      var command = try Root.parseAsRoot(joiningNegativeNumbers(try ProgramFile.arguments()))
      try command.run()
      try StandardStreams.flushOutput()
      exit(0)
    } catch {
      let code = Root.exitCode(for: error)
      // The parser knows how to print help and versions.
      if error is CleanExit || code.isSuccess { Root.exit(withError: error) }
      let isParsing = error is ValidationError || code == .validationFailure
      let text = isParsing ? pointingToHelp(Root.message(for: error), of: Root._commandName) : "\(error)"
      try? StandardStreams.flushOutput()
      StandardStreams.writeError("error: \(text.onOneLine)\n")
      exit(ExitStatus(of: error).rawValue)
    }
  }

  /// The arguments with `--threads -1` as `--threads=-1`: the parser would take the number for another option, and call it missing
  /// instead of out of range.
  static func joiningNegativeNumbers(_ arguments: [String]) -> [String] {
    let options = arguments.prefix { $0 != "--" }
    var joined: [String] = []
    for argument in options {
      if argument.first == "-", Double(argument) != nil || argument == "-inf" || argument == "-nan",
        let option = joined.last, option.hasPrefix("--"), !option.contains("=")
      {
        joined[joined.count - 1] = "\(option)=\(argument)"
      } else {
        joined.append(argument)
      }
    }
    return joined + arguments.dropFirst(options.count)
  }

  /// What is wrong with arguments, and where it says which are right.
  private static func pointingToHelp(_ message: String, of program: String) -> String {
    "\(message.hasSuffix(".") ? String(message.dropLast()) : message); see '\(program) --help'"
  }
}

extension String {
  fileprivate var onOneLine: String {
    split(whereSeparator: \.isNewline).joined(separator: " ")
  }
}
