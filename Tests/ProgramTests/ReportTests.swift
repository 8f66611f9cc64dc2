import Foundation
import Luthier
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

@Suite("tune report and tune explain", .serialized)
struct ReportTests {
  static let chromium = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].first {
    FileManager.default.isExecutableFile(atPath: $0)
  }

  /// A database with one small tuned network.
  func tuned(_ body: (_ folder: String) throws -> Void) throws {
    let folder = NSTemporaryDirectory() + "luthier-report-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let run = try ProgramRun(
      "tune",
      [
        "--platform", "this-host", "--network", "shufflenet_v2_x0_5", "--input-size", "32", "--effort", "quick",
        "--database", folder,
      ])
    try #require(run.status == 0, "\(run.errors)")
    try body(folder)
  }

  @Test("The report is one page with a timeline, a scatter and bars for every problem, and asks nothing of the network")
  func report() throws {
    try tuned { folder in
      let path = folder + "/report.html"
      let run = try ProgramRun("tune", ["report", "--database", folder, "--output", path])
      #expect(run.status == 0, "\(run.errors)")
      let page = try String(contentsOfFile: path, encoding: .utf8)
      for forbidden in ["<script", "src=", "href='http", "url(", "@import"] { #expect(!page.contains(forbidden)) }
      let document = try XMLDocument(xmlString: page.replacingOccurrences(of: "<meta charset=\"utf-8\">", with: ""))
      func count(_ path: String) throws -> Int { try document.nodes(forXPath: path).count }
      let layers = try count("//table[@class='wide']//tr") - 1
      #expect(layers == 59)
      // Every layer leads to its problem's candidates.
      #expect(try count("//table[@class='wide']//a[substring(@href, 2) = //details/@id]") == layers)
      let problems = try count("//details[summary]/*[local-name()='svg']")
      #expect(problems > 10 && problems < layers)
      #expect(try count("//*[local-name()='circle']") > 40)
      try draws(path)
    }
  }

  /// Opens the page in headless Chromium and looks at the picture.
  private func draws(_ path: String) throws {
    guard let chromium = Self.chromium else {
      try Test.cancel("no Chromium, so whether the report draws was not looked at")
    }
    let picture = path + ".png"
    let process = Process()
    process.executableURL = URL(fileURLWithPath: chromium)
    process.arguments = [
      "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--user-data-dir=\(path).profile",
      "--window-size=1100,1400", "--screenshot=\(picture)", "file://\(path)",
    ]
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    let drawn = try Picture(contentsOf: picture)
    var colours: [UInt32: Int] = [:]
    let bytes = drawn.pixels
    for pixel in stride(from: 0, to: bytes.count - 2, by: 3) {
      colours[UInt32(bytes[pixel]) << 16 | UInt32(bytes[pixel + 1]) << 8 | UInt32(bytes[pixel + 2]), default: 0] += 1
    }
    // The colours of the two kernels that take most of the time.
    #expect(colours[0x0072b2, default: 0] > 5000 && colours[0xd55e00, default: 0] > 500)
    #expect(colours.count > 20)
  }

  @Test("explain gives times, spreads, roofline, conversions, the runner-up's cost, and why others are out")
  func explain() throws {
    try tuned { folder in
      let run = try ProgramRun("tune", ["explain", "dense210", "--database", folder, "--output", "json"])
      #expect(run.status == 0, "\(run.errors)")
      let explanation = try #require(try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
      #expect(explanation["flops"] as? Int == 2 * 1024 * 1000)
      #expect((explanation["least_us"] as? Double ?? 0) > 0)
      #expect((explanation["runner_up_costs_us"] as? Double) != nil)
      let candidates = try #require(explanation["candidates"] as? [[String: Any]])
      let timed = candidates.filter { $0["median_us"] != nil }
      #expect(timed.count > 3)
      for row in timed {
        let fraction = try #require(row["fraction_of_roofline"] as? Double)
        #expect(fraction > 0 && fraction < 1.5)
        #expect(row["conversion_us"] != nil && row["spread"] != nil && row["layouts"] != nil)
      }
      for row in candidates where row["verdict"] as? String == "does-not-apply" {
        #expect((row["reason"] as? String)?.isEmpty == false)
      }
      let text = try ProgramRun("tune", ["explain", "dense210", "--database", folder])
      #expect(text.output.contains("the runner-up, ") && text.output.contains("by the roofline"))
    }
  }

  @Test("A report of what was not tuned is a usage error that lists what was")
  func unknown() throws {
    try tuned { folder in
      let run = try ProgramRun("tune", ["report", "--database", folder, "--network", "nothing"])
      #expect(run.status == 64)
      #expect(run.errors.contains("shufflenet_v2_x0_5"))
    }
    let run = try ProgramRun("tune", ["report", "--database", NSTemporaryDirectory() + "no-such-database"])
    #expect(run.status == 66)
  }
}
