import Foundation
import Testing

@Suite("The README and the articles tell the truth")
struct ReadmeTests {
  @Test("The README is a page that one reads in five minutes")
  func length() throws {
    #expect(try Checkout.text("README.md").split(separator: "\n", omittingEmptySubsequences: false).count <= 200)
  }

  @Test("The README's map shows every module", arguments: ["Sources", "Plugins"])
  func map(folder: String) throws {
    let readme = try Checkout.text("README.md")
    let map = readme.split(separator: "\n").filter { $0.hasPrefix("| `") }.joined(separator: "\n")
    let modules = try FileManager.default.contentsOfDirectory(atPath: Checkout.root.appendingPathComponent(folder).path)
      .filter { folder == "Sources" || $0.hasSuffix("Kernels") }
    #expect(modules.count >= 8)
    for module in modules { #expect(map.contains("`\(module)`"), "\(folder)/\(module)") }
  }

  @Test("CI calls the README's test command to the letter")
  func testCommand() throws {
    let readme = try Checkout.text("README.md")
    let script = try Checkout.text(".ci/run")
    let command = try #require(readme.split(separator: "\n").first { $0.hasSuffix("swift test -c release") })
    #expect(command.contains("apt-get install"))
    #expect(script.split(separator: "\n").contains(command))
  }

  @Test("Every subcommand that the README and the articles show is one that the programs know")
  func subcommands() throws {
    let folder = Checkout.root.appendingPathComponent(Checkout.articles).path
    let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".md") }
    let pages = try Checkout.text("README.md") + names.map { try Checkout.text("\(Checkout.articles)/\($0)") }.joined()
    let help = [
      "tune": try ProgramRun("tune", ["--help"]).output, "luthier": try ProgramRun("luthier", ["--help"]).output,
    ]
    for line in pages.split(separator: "\n") {
      let words = line.replacingOccurrences(of: "swift run -c release ", with: "").split(separator: " ").map(
        String.init)
      guard words.count > 1, let text = help[words[0]], words[1].allSatisfy({ $0.isLetter || $0 == "-" }),
        !words[1].hasPrefix("-"), line.hasPrefix("swift run") || line.hasPrefix(words[0])
      else { continue }
      #expect(text.contains("  \(words[1])"), "the documentation shows '\(words[0]) \(words[1])'")
    }
  }

  @Test("Every file that the README links to is there")
  func links() throws {
    let readme = try Checkout.text("README.md")
    for part in readme.components(separatedBy: "](").dropFirst() {
      let target = String(part.prefix { $0 != ")" && $0 != "#" })
      guard !target.isEmpty, !target.contains("://") else { continue }
      #expect(FileManager.default.fileExists(atPath: Checkout.root.appendingPathComponent(target).path), "\(target)")
    }
  }
}
