public import ArgumentParser
public import Luthier

/// The options by which both programs name networks and their inputs.
public struct InputArguments: ParsableArguments {
  /// Rows and columns of the picture, as `224` or `800x1333`.
  @Option(help: "Rows and columns of the picture, where the model leaves them open: 224 or 800x1333.")
  public var inputSize: InputSize?

  /// Pictures in a run.
  @Option(help: "Pictures in a run, where the model leaves that open.")
  public var batch: Int?

  /// No option given.
  public init() {}

  /// Refuses batches that cannot be.
  public func validate() throws {
    let allowed = Deployment.allowedBatches
    if let batch, !allowed.contains(batch) {
      throw ValidationError("--batch is \(batch); allowed are \(allowed.lowerBound) to \(allowed.upperBound).")
    }
  }

  /// The options put into a deployment.
  public func apply(to deployment: inout Deployment) {
    deployment.batch = batch
    deployment.inputSize = inputSize.map { ($0.height, $0.width) }
  }
}

/// Rows and columns as one argument.
public struct InputSize: ExpressibleByArgument, Sendable {
  /// Rows.
  public let height: Int
  /// Columns.
  public let width: Int

  /// Reads `224` or `800x1333`; nil for anything else or sizes outside 1 to 16384.
  public init?(argument: String) {
    let sizes = argument.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
    guard (1...2).contains(sizes.count), sizes.allSatisfy(Deployment.allowedSides.contains) else { return nil }
    height = sizes[0]
    width = sizes[sizes.count - 1]
  }
}

/// Several thread counts as one argument.
public struct ThreadCounts: ExpressibleByArgument, Sendable {
  /// The counts, in the order given, each once.
  public let counts: [Int]

  /// The counts of a list.
  public init(_ counts: [Int]) {
    var seen: Set<Int> = []
    self.counts = counts.filter { seen.insert($0).inserted }
  }

  /// Reads `1,2,4`; nil for anything else.
  public init?(argument: String) {
    let counts = argument.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
    guard !counts.isEmpty, counts.count <= 64, !counts.contains(nil) else { return nil }
    self.init(counts.compactMap { $0 })
  }

  /// As it would be written.
  public var defaultValueDescription: String { counts.map(String.init).joined(separator: ",") }
}

/// What a program prints its tables as.
public enum OutputFormat: String, ExpressibleByArgument, CaseIterable, Sendable {
  /// For people.
  case text
  /// For programs.
  case json
}

/// Checks that an option which names a file was not meant as a form of output, which other commands' `--output` is, and that it names
/// one at all.
///
/// - Throws: `ValidationError` that says which option has the form.
public func checkFile(_ path: String?, option: String, format: String? = nil) throws {
  guard let path else { return }
  if path.isEmpty { throw ValidationError("\(option) is empty; it names a file.") }
  guard OutputFormat(rawValue: path) == nil else {
    throw ValidationError(
      "\(option) names a file here, not a form of output" + (format.map { "; \($0) is the form" } ?? "")
        + "; for a file called \(path) write ./\(path).")
  }
}

/// Checks a number of threads before anything long begins.
///
/// - Throws: `ValidationError` when it is outside ``CompilationOptions/allowedThreads``.
public func checkThreads(_ threads: Int) throws {
  let allowed = CompilationOptions.allowedThreads
  guard allowed.contains(threads) else {
    throw ValidationError(
      "--threads is \(threads); allowed are \(allowed.lowerBound) to \(allowed.upperBound).")
  }
}
