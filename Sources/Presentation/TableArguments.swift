public import ArgumentParser

/// How a command prints its tables: `--output json`, or `--json` for short.
public struct TableArguments: ParsableArguments {
  @Option(help: "Print as text or json.")
  var output = OutputFormat.text

  @Flag(help: "The same as --output json.")
  var json = false

  /// What to print.
  public var format: OutputFormat { json ? .json : output }

  /// No option given.
  public init() {}
}
