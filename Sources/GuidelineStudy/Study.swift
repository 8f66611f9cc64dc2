import Autotuner
import FoundationEssentials
import HostPlatform
import Luthier

/// The paper's argument on the reader's own machine: runs experiments, keeps each result in a file, and writes the report.
///
/// ```swift
/// let study = try Study(StudyOptions(folder: "study"), cancellation: Cancellation()) { _ in }
/// let results = try study.run(Experiment.allCases)
/// try study.writeReport(results)
/// ```
public struct Study {
  private let workbench: StudyWorkbench
  private let measurements: NetworkMeasurements
  private let report: (StudyEvent) -> Void

  private struct Stored: Codable {
    let conditions: [String: String]
    let result: ExperimentResult
  }

  /// A study in the options' folder, which is made where it is not there.
  ///
  /// - Throws: ``TuningDatabaseError`` or the file system's errors when the folder cannot be used.
  public init(_ options: StudyOptions, cancellation: Cancellation, report: @escaping (StudyEvent) -> Void) throws {
    try FileManager.default.createDirectory(atPath: "\(options.folder)/tuning", withIntermediateDirectories: true)
    workbench = try StudyWorkbench(options, cancellation: cancellation, report: report)
    measurements = NetworkMeasurements(workbench)
    self.report = report
  }

  /// Runs experiments in order; what was finished before under the same options is not run again.
  ///
  /// - Throws: ``TuningError/interrupted``, ``StudyError``, or what tuning, compiling and running throw.
  public func run(_ experiments: [Experiment]) throws -> [ExperimentResult] {
    try experiments.enumerated().map { index, experiment in
      if let result = stored(experiment) {
        report(.resumed(experiment, index: index, count: experiments.count))
        return result
      }
      report(.began(experiment, index: index, count: experiments.count))
      let clock = SystemClock()
      let start = clock.now()
      var result = try run(experiment)
      result.seconds = Double(clock.now() - start) / 1e9
      let text = try JSONEncoder().encode(Stored(conditions: workbench.options.conditions, result: result))
      try AtomicFile.write(Array(text), to: path(experiment))
      return result
    }
  }

  /// Writes the report of results as one HTML page.
  ///
  /// - Returns: the file's path.
  /// - Throws: when it cannot be written.
  public func writeReport(_ results: [ExperimentResult]) throws -> String {
    let path = "\(workbench.options.folder)/report.html"
    let page = StudyReport(results, options: workbench.options, host: try PlatformFingerprint.current())
    try AtomicFile.write(Array(page.html.utf8), to: path)
    return path
  }

  /// Writes each picture of a result as an SVG file into the study's folder.
  ///
  /// - Returns: the files' paths.
  /// - Throws: when one cannot be written.
  public func writePictures(of result: ExperimentResult) throws -> [String] {
    try result.pictures.enumerated().map { index, picture in
      let path = "\(workbench.options.folder)/\(result.experiment.rawValue)-\(index + 1).svg"
      try AtomicFile.write(Array(picture.svg.utf8), to: path)
      return path
    }
  }

  private func run(_ experiment: Experiment) throws -> ExperimentResult {
    switch experiment {
    case .channelRatio: try ChannelRatioExperiment(workbench: workbench).run()
    case .groups: try GroupExperiment(workbench: workbench).run()
    case .fragments: try FragmentExperiment(workbench: workbench).run()
    case .elementwise: try ElementwiseExperiment(workbench: workbench).run()
    case .complexity: try ComplexityExperiment(workbench: workbench, measurements: measurements).run()
    case .decomposition: try DecompositionExperiment(workbench: workbench).run()
    case .merge: try MergeExperiment(workbench: workbench).run()
    case .networks: try NetworkTableExperiment(workbench: workbench, measurements: measurements).run()
    }
  }

  private func path(_ experiment: Experiment) -> String { "\(workbench.options.folder)/\(experiment.rawValue).json" }

  /// A result of before; one that was made otherwise, or cannot be read, does not count.
  private func stored(_ experiment: Experiment) -> ExperimentResult? {
    guard let bytes = FileManager.default.contents(atPath: path(experiment)),
      let stored = try? JSONDecoder().decode(Stored.self, from: bytes),
      stored.conditions == workbench.options.conditions
    else { return nil }
    return stored.result
  }
}
