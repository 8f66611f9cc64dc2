import ArgumentParser
import Luthier
import Presentation

/// `tune report`: what was tuned of a network, as one page to look at.
struct Report: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write one HTML page: the network's timeline, every layer's candidates, FLOPs against time.")

  @Option(help: "A tuned network, as 'tune show' names it; by default every one.")
  var network: String?

  @Option(help: "The number of threads that it was tuned for.")
  var threads = 1

  @Option(name: .shortAndLong, help: "The file to write.")
  var output = "tuning-report.html"

  @OptionGroup var databases: DatabaseArguments

  func validate() throws {
    try checkThreads(threads)
    try checkFile(output, option: "--output")
  }

  func run() throws {
    let host = try PlatformFingerprint.current()
    let file = try databases.file(of: host)
    guard let database = try file.read() else { throw TuneProgramError.noDatabase(path: file.path) }
    let profiles = database.profiles.filter { profile in
      profile.key.threads == threads && (network.map { $0 == profile.key.network } ?? true)
    }
    guard !profiles.isEmpty else {
      throw TuneProgramError.unknownNetwork(
        network, threads: threads,
        known: Set(
          database.profiles.map {
            "\($0.key.network) for \($0.key.threads) \($0.key.threads == 1 ? "thread" : "threads")"
          }
        ).sorted())
    }
    let registry = try databases.plugins.registry()
    let roofline = try Roofline.measure(threads: threads)
    let sections = try profiles.enumerated().map { number, profile in
      try NetworkReportPage(
        profile, number: number, database: database, registry: registry, roofline: roofline
      ).html
    }
    let page = HTMLPage(
      title: "What was tuned on \(host.name)",
      body: "<h1>What was tuned on \(Drawing.escaped(host.name))</h1>" + sections.joined(separator: "\n"))
    try AtomicFile.write(Array(page.html.utf8), to: output)
    print(output)
  }
}
