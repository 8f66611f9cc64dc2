import Foundation
import Testing

/// What the documentation shows is what these tests compile and run.
@Suite("The documentation's articles")
struct ArticleTests {
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()
  static let articles = root.appendingPathComponent("Sources/LuthierLibrary/Documentation.docc")

  static func lines(_ text: some StringProtocol) -> [String] {
    text.split(separator: "\n", omittingEmptySubsequences: true).map { $0.trimmingCharacters(in: .whitespaces) }
      .filter { !$0.isEmpty }
  }

  /// The blocks of an article that are marked as a language.
  static func blocks(_ article: String, _ language: String) throws -> [[String]] {
    let text = try String(contentsOf: articles.appendingPathComponent(article + ".md"), encoding: .utf8)
    return text.components(separatedBy: "```\(language)\n").dropFirst().compactMap {
      $0.components(separatedBy: "\n```").first.map { lines($0) }
    }
  }

  @Test(
    "Each block of Swift is compiled and run, line by line, in the test file of the article's name",
    arguments: [
      "AddingAKernel", "AddingAnInstructionSet", "AddingANumberType", "AddingAnOperation", "AddingANetwork",
    ])
  func compiled(article: String) throws {
    let file = Self.root.appendingPathComponent("Tests/DocumentationTests/\(article).swift")
    let source = Self.lines(try String(contentsOf: file, encoding: .utf8))
    let blocks = try Self.blocks(article, "swift")
    #expect(blocks.count >= 2)
    for block in blocks {
      let found = source.indices.contains { source[$0...].starts(with: block) }
      #expect(found, "\(article) shows what \(article).swift does not have, from '\(block.first ?? "")' on")
    }
  }

  @Test("No other page of the documentation shows Swift that nobody compiles")
  func others() throws {
    let pages = try FileManager.default.contentsOfDirectory(atPath: Self.articles.path).filter { $0.hasSuffix(".md") }
    #expect(pages.count == 21)
    for page in pages where !page.hasPrefix("Adding") {
      #expect(try Self.blocks(String(page.dropLast(3)), "swift").isEmpty, "\(page)")
    }
  }

  @Test("Every article is in the catalog's table of contents, and every link leads to one")
  func contents() throws {
    let pages = try FileManager.default.contentsOfDirectory(atPath: Self.articles.path).filter { $0.hasSuffix(".md") }
      .map { String($0.dropLast(3)) }
    func links(_ page: String) throws -> [String] {
      let text = try String(contentsOf: Self.articles.appendingPathComponent(page + ".md"), encoding: .utf8)
      return text.matches(of: /<doc:(\w+)>/).map { String($0.output.1) }
    }
    #expect(try Set(links("Luthier")) == Set(pages).subtracting(["Luthier"]))
    for page in pages { #expect(try Set(links(page)).isSubset(of: pages), "\(page)") }
  }

  @Test("Every path of a file that the articles name is there")
  func paths() throws {
    for page in try FileManager.default.contentsOfDirectory(atPath: Self.articles.path) where page.hasSuffix(".md") {
      let text = try String(contentsOf: Self.articles.appendingPathComponent(page), encoding: .utf8)
      let names = text.components(separatedBy: "`").filter { name in
        ["Sources/", "Plugins/", "Tests/", "TuningDB/"].contains { name.hasPrefix($0) } && !name.contains("*")
          && !name.contains(" ") && !name.contains("<")
      }
      for name in names {
        let path = Self.root.appendingPathComponent(name).path
        #expect(FileManager.default.fileExists(atPath: path), "\(page) names \(name)")
      }
    }
  }
}
