import Autotuner
import Foundation
import GuidelineStudy
import Luthier
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

@Suite("The study's experiments at tiny sizes", .serialized)
struct StudyTests {
  static func temporaryFolder() -> String { NSTemporaryDirectory() + "luthier-study-\(UUID().uuidString)" }

  static func options(_ folder: String) -> StudyOptions {
    var options = StudyOptions(folder: folder, threads: [1, 2], rounds: 2)
    options.size = .tiny
    // Tuning is tested elsewhere; the table is the same.
    options.family = "im2col"
    return options
  }

  @Test("Each experiment fills every row, judges its claims, and draws", arguments: Experiment.allCases)
  func experiment(experiment: Experiment) throws {
    let folder = Self.temporaryFolder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let study = try Study(Self.options(folder), cancellation: Cancellation()) { _ in }
    let result = try study.run([experiment])[0]
    #expect(result.rows.count >= 4)
    for row in result.rows { #expect(row.count == result.columns.count) }
    let time = try #require(result.columns.firstIndex { $0.key.hasPrefix("median_") })
    for row in result.rows { #expect(try #require(row[time].number) > 0) }
    let threads = try #require(result.columns.firstIndex { $0.key == "threads" })
    #expect(Set(result.rows.compactMap { $0[threads].number }) == [1, 2])
    #expect(!result.claims.isEmpty)
    #expect(!result.pictures.isEmpty)
    for path in try study.writePictures(of: result) {
      let svg = try XMLDocument(contentsOf: URL(fileURLWithPath: path))
      #expect(svg.rootElement()?.name == "svg")
    }
  }

  @Test("Equal FLOPs are equal: the forms of one group differ by what rounding the channels leaves")
  func equalFLOPs() throws {
    let folder = Self.temporaryFolder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let study = try Study(Self.options(folder), cancellation: Cancellation()) { _ in }
    for result in try study.run([.channelRatio, .groups, .fragments]) {
      let counts = result.numbers("mflops")
      let first = try #require(counts.first)
      // Parallel fragments are added, which counts as FLOPs and is as much as a hundredth at 64 channels.
      for count in counts { #expect(abs(count / first - 1) < 0.06) }
    }
  }

  @Test("What was finished is not run again, unless it was made otherwise; the report holds every experiment")
  func resumes() throws {
    let folder = Self.temporaryFolder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    var options = Self.options(folder)
    func run() throws -> (results: [ExperimentResult], began: Int, resumed: Int, report: String) {
      var (began, resumed) = (0, 0)
      let study = try Study(options, cancellation: Cancellation()) { event in
        switch event {
        case .began: began += 1
        case .resumed: resumed += 1
        case .progress(let done, _): #expect((0...1).contains(done))
        }
      }
      let results = try study.run([.merge, .decomposition])
      let path = try study.writeReport(results)
      return (results, began, resumed, try String(contentsOfFile: path, encoding: .utf8))
    }
    let first = try run()
    #expect((first.began, first.resumed) == (2, 0))
    let second = try run()
    #expect((second.began, second.resumed) == (0, 2))
    #expect(second.results.map(\.rows) == first.results.map(\.rows))
    #expect(second.report == first.report)
    for name in ["merge", "decomposition"] { #expect(first.report.contains("<h2 id=\"\(name)\">")) }
    #expect(!first.report.contains("http://") || first.report.contains("xmlns='http://www.w3.org/2000/svg'"))
    #expect(!first.report.contains("<script") && !first.report.contains("src="))
    options.rounds = 3
    #expect(try run().began == 2)
    try Data("{".utf8).write(to: URL(fileURLWithPath: "\(folder)/merge.json"))
    #expect(try run().began == 1)
  }

  @Test("A cancelled study stops at once and leaves no result")
  func cancelled() throws {
    let folder = Self.temporaryFolder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let cancellation = Cancellation()
    cancellation.cancel()
    let study = try Study(Self.options(folder), cancellation: cancellation) { _ in }
    #expect(throws: TuningError.interrupted) { _ = try study.run([.groups]) }
    #expect(!FileManager.default.fileExists(atPath: "\(folder)/guideline2.json"))
  }
}
